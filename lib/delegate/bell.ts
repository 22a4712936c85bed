export interface Bell {
  ring(): void
  /** Until it rings (true), or for so long; rung while nobody waited, the next wait is none. */
  wait(ms: number): Promise<boolean>
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
      new Promise<boolean>(resolve => {
        if (isRung) {
          isRung = false
          return resolve(true)
        }
        const done = () => {
          const wasRung = isRung
          clearTimeout(timer)
          wake = undefined
          isRung = false
          resolve(wasRung)
        }
        const timer = setTimeout(done, ms)
        wake = done
      }),
  }
}
