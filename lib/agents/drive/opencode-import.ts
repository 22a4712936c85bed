/** A session of a chosen id: no flag of OpenCode chooses one, but an empty session can be imported and then continued (1.18.33,
 * run). */
import { rmSync, writeFileSync } from 'node:fs'
import { CodedError, EXIT } from '#lib/system/errors.ts'
import { writeError } from '#lib/system/file-replace.ts'
import type { RunProgram, Wish } from './types.ts'

const IMPORT_MS = 30_000

export function sessionIdFor(wish: Wish): string {
  return `ses_${wish.newId.replaceAll('-', '')}`
}

/** Makes the empty session. `run` must run in the wish's folder: the import takes the session's folder from its own cwd, not
 * from the file. CodedError `opencode-import` (exit 1) with the program's words. */
export async function importEmptySession(id: string, wish: Wish, run: RunProgram): Promise<void> {
  const now = new Date()
  const info = {
    id,
    slug: id.slice(4, 16),
    projectID: 'global',
    directory: wish.folder,
    // A title of this form, and only such a one, is replaced by one of the program's own at the first answer.
    title: `New session - ${now.toISOString()}`,
    version: '1.18.33',
    time: { created: now.getTime(), updated: now.getTime() },
  }
  const path = `${wish.logFile}.import.json`
  try {
    writeFileSync(path, JSON.stringify({ info, messages: [] }), { mode: 0o600 })
  } catch (error) {
    throw writeError(path, error)
  }
  try {
    const { code, stdout, stderr } = await run(['import', path], { timeoutMs: IMPORT_MS })
    if (code === 0) return
    throw new CodedError(
      'opencode-import',
      EXIT.refused,
      `opencode made no session ${id}: ${lastLine(stderr || stdout)}`,
      `Does \`opencode session list\` work in ${wish.folder}? It needs its database, and room to write.`,
    )
  } finally {
    rmSync(path, { force: true })
  }
}

export function lastLine(said: string): string {
  const lines = said
    .replace(/\x1b\[[0-9;]*m/g, '')
    .trim()
    .split('\n')
  return lines.at(-1) || 'it said nothing'
}
