import { EXIT, type ExitCode } from '#lib/system/errors.ts'
import { print } from './run.ts'

/** Draws again every interval until Ctrl-C or the time is up. On a terminal the screen is reused; elsewhere a drawing
 * is printed when it differs from the last. */
export async function redraw(draw: () => Promise<string>, intervalSec: number, timeoutSec: number): Promise<ExitCode> {
  const isTerminal = process.stdout.isTTY === true
  const end = timeoutSec === 0 ? Number.POSITIVE_INFINITY : performance.now() + timeoutSec * 1000
  const stop = new AbortController()
  const leave = () => stop.abort()
  process.on('SIGINT', leave)
  process.on('SIGTERM', leave)
  const { setTimeout: wait } = await import('node:timers/promises')
  let last = ''
  try {
    while (!stop.signal.aborted) {
      const text = await draw()
      if (isTerminal) await print(`\u001b[H\u001b[2J${text}`)
      else if (text !== last) await print(text)
      last = text
      const left = end - performance.now()
      if (left <= 0) break
      await wait(Math.min(intervalSec * 1000, left), undefined, { signal: stop.signal }).catch(() => stop.abort())
      if (performance.now() >= end) break
    }
  } finally {
    process.off('SIGINT', leave)
    process.off('SIGTERM', leave)
  }
  return EXIT.done
}
