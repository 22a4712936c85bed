/** Having an agent's own hook report the end of each turn, where its start set one up. */
import { lstatSync, unlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { turnScript } from '#lib/agents/drive/turn-script.ts'
import type { Row } from '#lib/registry/schema.ts'
import { shellLine } from '#lib/system/shell-word.ts'

/** Writes the script that the hook runs. False where the session has no such hook: it was not started by us, or is no
 * Claude Code. The script holds no secret; the job's file does. */
export function reportTurns(row: Row, registryPath: string, program: readonly string[], job: string): boolean {
  const hookFile = row.agent_hook_file
  const own = join(dirname(registryPath), 'launches')
  if (!hookFile || dirname(hookFile) !== own || !/^[0-9a-f-]{36}\.hook\.json$/.test(basename(hookFile))) return false
  const words = [...program, 'emit', job, 'progress', '--claude-hook', '--registry', registryPath]
  const path = turnScript(hookFile)
  try {
    // Made anew: what stands there is followed by nobody.
    if (lstatSync(path, { throwIfNoEntry: false })) unlinkSync(path)
    writeFileSync(path, `exec ${shellLine(words)}\n`, { flag: 'wx', mode: 0o600 })
    return true
  } catch {
    // Progress is a comfort: without it the job goes on all the same.
    return false
  }
}
