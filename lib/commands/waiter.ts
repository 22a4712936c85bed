/** Node's timers count no further; a longer wait ends early, and the loop around it waits again. */
const LONGEST_MS = 2 ** 31 - 1

/** Waits that SIGINT and SIGTERM end. What is being written meanwhile is written to its end. */
export function waiter() {
  let over = false
  let wake: (() => void) | undefined
  let told: NodeJS.Signals | undefined
  const leave = () => {
    over = true
    wake?.()
  }
  const onSignal = (signal: NodeJS.Signals) => {
    told ??= signal
    leave()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return {
    isOver: () => over,
    /** The signal that ended them, if one did. */
    signal: () => told,
    /** Ends the waits, as a signal does. */
    leave,
    /** Ends the wait that is under way, if there is one. */
    cut: () => wake?.(),
    for: (ms: number) =>
      new Promise<void>(resolve => {
        if (over) return resolve()
        const timer = setTimeout(resolve, Math.min(ms, LONGEST_MS))
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      }),
    end: () => {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
    },
  }
}
