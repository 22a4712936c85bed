export interface Bell {
  ring(): void
  /** Until it rings, or for so long; rung while nobody waited, the next wait is none. */
  wait(ms: number): Promise<void>
}

/** A wait that can be cut short. */
export function newBell(): Bell {
  let isRung = false
  let wake: (() => void) | undefined
  return {
    ring() {
      isRung = true
      wake?.()
    },
    wait: ms =>
      new Promise<void>(resolve => {
        if (isRung) {
          isRung = false
          return resolve()
        }
        const done = () => {
          clearTimeout(timer)
          wake = undefined
          isRung = false
          resolve()
        }
        const timer = setTimeout(done, ms)
        wake = done
      }),
  }
}
