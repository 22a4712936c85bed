/** Programs named tmux before the real one on the PATH: to count its calls, or to give an answer no server here can. */
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { World } from './world.ts'

export function realTmux(): string {
  return execFileSync('/bin/sh', ['-c', 'command -v tmux'], { encoding: 'utf8' }).trim()
}

/** Puts a shell script before the real tmux; in it `$REAL` is the real one, `$WORLD` a folder to write to. */
export function fakeTmux(world: World, body: string): void {
  const path = join(world.bin, 'tmux')
  writeFileSync(path, `#!/bin/sh\nREAL='${realTmux()}'\nWORLD='${world.root}'\n${body}\n`)
  chmodSync(path, 0o755)
}

/** Counts the real tmux's starts from now on, a line each: the arguments. */
export function countTmux(world: World): () => string[] {
  const log = join(world.root, 'tmux-calls')
  // One write per call, so that two at once do not mix.
  fakeTmux(world, `printf '%s\\n' "$(printf '%s ' "$@" | tr '\\n' ' ')" >> "$WORLD/tmux-calls"\nexec "$REAL" "$@"`)
  return () => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : [])
}
