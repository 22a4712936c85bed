/** Node's timers count no further; a longer wait ends early, and the loop around it waits again. */
const LONGEST_MS = 2 ** 31 - 1

/** Waits that SIGINT and SIGTERM end. What is being written meanwhile is written to its end. */
export function waiter() {
  let over = false
  let wake: (() => void) | undefined
  const leave = () => {
    over = true
    wake?.()
  }
  process.on('SIGINT', leave)
  process.on('SIGTERM', leave)
  return {
    isOver: () => over,
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
      process.off('SIGINT', leave)
      process.off('SIGTERM', leave)
    },
  }
}
