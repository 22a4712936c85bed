/** What our texts tell their readers to type, so that tests can do it. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { World } from '../harness/world.ts'

export const BUNDLE = resolve(import.meta.dirname, '../..')

/** The block behind the comment `<!-- run by tests/readme: NAME -->`; without a name behind the one that has none. */
export function blockOf(file: string, name?: string): string {
  const text = readFileSync(join(BUNDLE, file), 'utf8')
  const comment = `<!-- run by tests/readme${name === undefined ? '' : `: ${name}`} -->\n`
  const [, behind] = text.split(comment)
  const block = /^```\w*\n([\s\S]*?)^```$/m.exec(behind ?? '')?.[1]
  if (block === undefined) throw new Error(`${file} has no block that is run as "${name}"`)
  return block
}

/** Its commands: without the remarks behind them, one that goes over several lines as one. */
export function commandsOf(file: string, name?: string): string[] {
  return blockOf(file, name)
    .replaceAll(/ +# .*$/gm, '')
    .replaceAll(/([|\\])\n +/g, '$1 ')
    .trim()
    .split('\n')
}

/** Puts `agent-sessions` on the world's PATH, as `npm link` does. */
export function linkProgram(world: World): void {
  const program = join(world.bin, 'agent-sessions')
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${BUNDLE}/bin/agent-sessions.cjs' "$@"\n`)
  chmodSync(program, 0o755)
}
