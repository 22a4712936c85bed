/** Giving one notice to one target. */
import { hostname } from 'node:os'
import { isoSeconds } from '#lib/reconcile/new-identity.ts'
import type { Machine } from '#lib/system/machine.ts'
import type { Target } from './config-schema.ts'
import { type Clean, type Notice, payloadFor, variablesFor, wordsFor } from './notice.ts'

export interface GiveOptions {
  registryPath: string
  /** Where programs run. */
  cwd: string
  clean: Clean
  timeoutMs: number
  /** Ends what is under way. */
  signal: AbortSignal
}

/** Gives why it failed; undefined where it did not. Never rejects. */
export function giver(
  { env, now }: Pick<Machine, 'env' | 'now'>,
  { registryPath, cwd, clean, timeoutMs, signal }: GiveOptions,
): (target: Target, notice: Notice) => Promise<string | undefined> {
  const where = { yaml_path: clean(registryPath, 1000), host: clean(hostname(), 200) }
  return async ({ command, url, url_file }, notice) => {
    const payload = payloadFor(notice, isoSeconds(Math.floor(now() / 1000)), where)
    if (command !== undefined) {
      const { runCommand } = await import('./run-command.ts')
      const all = { ...env, ...variablesFor(notice) }
      return runCommand(wordsFor(command, notice), { cwd, env: all, input: payload, timeoutMs, signal })
    }
    const { sendTo, urlIn } = await import('./send-url.ts')
    try {
      return await sendTo(url ?? urlIn(inHome(url_file ?? '', env['HOME'])), payload, timeoutMs, signal)
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
}

function inHome(path: string, home: string | undefined): string {
  return path.replace(/^~(?=\/)/, () => home ?? '~')
}
