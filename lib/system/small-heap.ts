import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** Room for young objects: with less, those of a registry of 1,000 rows grow old before they die, and collecting them takes
 * a third of the time; with more, a flood of messages adds 40 MiB that stay. */
const YOUNG_BYTES = 8 * 1024 * 1024

/** Keeps the heap of a process small that lives for weeks and has little to do: V8 collects when it has grown by half
 * instead of by several times, and its room for young objects stops growing in time. V8 asks for both flags whenever it
 * would grow, so that they count from when they are set. */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=50')
  const observer = new PerformanceObserver(() => {
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
    if (young === undefined || young.space_size < YOUNG_BYTES) return
    setFlagsFromString('--semi-space-growth-factor=1')
    observer.disconnect()
  })
  observer.observe({ entryTypes: ['gc'] })
}
