import { EXIT, type ExitCode } from '#lib/system/errors.ts'
import { print, tellError } from './run.ts'
import { fitted } from './table.ts'
import { waiter } from './waiter.ts'

/** Draws again every interval until Ctrl-C or the time is up. On a terminal the screen is reused; elsewhere a drawing is
 * printed when it differs from the last. The first drawing fails as a single one does; a later one that fails is told,
 * once, and tried again. */
export async function redraw(draw: () => Promise<string>, intervalSec: number, timeoutSec: number): Promise<ExitCode> {
  const isTerminal = process.stdout.isTTY === true && process.env['TERM'] !== 'dumb'
  const end = timeoutSec === 0 ? Number.POSITIVE_INFINITY : performance.now() + timeoutSec * 1000
  const wait = waiter()
  let last: string | undefined
  let failure = ''
  try {
    while (!wait.isOver()) {
      try {
        const text = await draw()
        if (isTerminal) await print(`\u001b[H\u001b[2J${fitted(text, process.stdout.columns, process.stdout.rows)}`)
        else if (text !== last) await print(text)
        last = text
        failure = ''
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        if (last === undefined || message.includes('EPIPE')) throw error
        if (message !== failure) tellError('status', error, false)
        failure = message
      }
      const left = end - performance.now()
      await wait.for(Math.max(0, Math.min(intervalSec * 1000, left)))
      if (left <= intervalSec * 1000) break
    }
  } finally {
    wait.end()
  }
  return EXIT.done
}
