/** What tests of drivers share: captured screens, a wish, a look at an agent that runs nowhere. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Wish } from '#lib/agents/drive/types.ts'
import type { Look } from '#lib/agents/types.ts'
import { FIXTURES } from './world.ts'

/** A captured screen: `idle.ansi` of `codex-0.169.0`. */
export function pane(version: string, name: string): string {
  return readFileSync(join(FIXTURES, '..', version, 'panes', name), 'utf8')
}

export function wish(more: Partial<Wish> = {}): Wish {
  return {
    folder: '/home/dev/proj',
    newId: '44444444-4444-4444-8444-444444444444',
    skipPermissions: false,
    logFile: '/tmp/x/log',
    hookFile: '/tmp/x/hook',
    secretFile: '/tmp/x/secret',
    port: 4096,
    plain: false,
    ...more,
  }
}

/** A process that there cannot be: what needs one finds none. */
export function look(cwd: string): Look {
  const process = { pid: 2 ** 30, ppid: 1, start: '1', comm: 'claude' }
  const shown = { process, argv: ['claude'] }
  return { agent: { ...shown, chain: [shown] }, cwd, sessionCreated: 0 } as unknown as Look
}
