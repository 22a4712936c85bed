/** What a stand-in really received, written as it happens: a test measures, and does not have to believe a screen. */
import { existsSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { JournalLine } from './log.ts'

/** Values that tests ask about; of everything else only the name is written. */
const SHOWN = /^(?:TEST_|CLAUDE|CODEX_|GEMINI_|OPENCODE_|XDG_|TMUX|HOME$|IS_SANDBOX$|TERM$)/
const SECRET = /KEY|TOKEN|PASSWORD|SECRET/

type Entry = JournalLine extends infer Line
  ? Line extends JournalLine
    ? Omit<Line, 'at' | 'agent' | 'pid'>
    : never
  : never

export type Journal = (entry: Entry) => void

/** Opens the journal of this process and writes its first line. */
export function openJournal(agent: string): Journal {
  const folder = logFolder()
  if (folder !== undefined) mkdirSync(folder, { recursive: true })
  // Kept open: a last line must not make a file again in a folder that a test is taking away.
  const fd = folder === undefined ? undefined : openSync(join(folder, `${agent}-${process.pid}.jsonl`), 'a')
  const write: Journal = entry => {
    if (fd !== undefined) writeSync(fd, `${JSON.stringify({ at: Date.now(), agent, pid: process.pid, ...entry })}\n`)
  }
  const shown = Object.entries(process.env).filter(([name]) => SHOWN.test(name) && !SECRET.test(name))
  write({
    kind: 'start',
    argv: process.argv.slice(1),
    cwd: process.cwd(),
    env: Object.fromEntries(shown) as Record<string, string>,
    envNames: Object.keys(process.env).sort(),
  })
  return write
}

function logFolder(): string | undefined {
  const { STANDIN_LOG, HOME } = process.env
  if (STANDIN_LOG) return STANDIN_LOG
  const own = HOME === undefined ? undefined : join(HOME, '.standin')
  return own !== undefined && existsSync(own) ? join(own, 'log') : undefined
}
