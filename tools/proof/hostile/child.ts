/** The process that reads hostile input: a reader that hangs or takes all memory ends this one alone. Started by run.ts. */
import { openSync, writeSync } from 'node:fs'
import type { AnyProperty } from './border.ts'
import { checkProperty } from './check.ts'
import type { Report, Task } from './run.ts'

const tell = (report: Report) => process.send?.(report)

process.once('message', async (task: Task) => {
  // Written at once: what a hanging process still had to say would never be heard.
  const pulse = openSync(task.pulse, 'w')
  const beat = (at: number, count: number) => writeSync(pulse, `${at} ${count}`.padEnd(24), 0)
  const { BORDERS }: { BORDERS: readonly AnyProperty[] } = await import(task.module)
  for (let at = task.from; at < BORDERS.length; at++) {
    const property = BORDERS[at] as AnyProperty
    const { seed, root, runs } = task
    const limits = { seed, root, runs, onInput: (count: number) => beat(at, count) }
    const ms = task.msPerShare === undefined ? {} : { ms: task.msPerShare * (property.share ?? 1) }
    const outcome = await checkProperty(property, { ...limits, ...ms })
    tell({ at, ...outcome })
  }
  process.disconnect()
})
