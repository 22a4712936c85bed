import type { Bench } from '#lib/sessions/context.ts'
import { note } from './run.ts'

/** Ctrl-C, once: what was started and is not up yet is ended again, and its row is as before. Twice: we leave at once; what
 * was started stays, and the next pass puts it on record. */
export function endOnInterrupt(bench: Bench, command: string): void {
  let count = 0
  bench.isInterrupted = () => count > 0
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      count++
      if (count === 1) note(`${command}: interrupted; what is not up yet is ended again (once more leaves at once)`)
      else process.exit(130)
    })
}
