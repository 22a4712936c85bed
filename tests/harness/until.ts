import { setTimeout as sleep } from 'node:timers/promises'

/** Waits until the look gives something, asking every `everyMs`. Fails with what was waited for. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  { timeoutMs = 10_000, everyMs = 20 } = {},
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    // Asked before the look: one that was held for long has looked once more.
    const isLast = Date.now() > deadline
    const seen = await look()
    if (seen !== undefined && seen !== false) return seen
    if (isLast) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`)
    await sleep(everyMs)
  }
}
