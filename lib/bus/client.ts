import { type Connection, openConnection } from './connection.ts'
import type { BusSettings } from './settings.ts'
import type { BusLink, BusOptions, BusState } from './types.ts'

/** Between two tries: 1 to 3 s, so that many clients of a broker do not come back in one moment. */
const RETRY_MS = 1000
const JITTER_MS = 2000
/** A broker that said no is not asked as often: it may count wrong passwords. */
const REFUSED_FACTOR = 3

/** A lasting connection to the broker: subscribes, and comes back for ever. Gives the link at once; `onState` tells.
 * Loads mqtt.js: import this file where it is needed. */
export function connectBus(settings: BusSettings, options: BusOptions): BusLink {
  let state: BusState | undefined
  let current: Connection | undefined
  let timer: NodeJS.Timeout | undefined
  let isEnded = false
  // The embedded broker speaks 3.1.1 only.
  let isOld = settings.source === 'embedded'
  /** One message at a time, across connections. */
  let work = Promise.resolve()
  let waiting = 0

  const tell = (next: BusState, why: string) => {
    if (isEnded || next === state) return
    state = next
    options.onState(next, why)
  }

  /** `inOldWay`: it hung up at the sight of MQTT 5. An old broker does, and one that shuts down: next time 5 again. */
  const open = (inOldWay = isOld) => {
    const version = inOldWay ? 4 : 5
    const connection = openConnection(settings, options, version, {
      onReady: () => tell('connected', `connected to ${settings.url}`),
      onArrival({ topic, payload, retain, acknowledge }) {
        waiting++
        work = work.then(async () => {
          waiting--
          // What a connection brought that is gone is brought again by the next.
          if (isEnded || current !== connection) return
          await settled(() => options.onMessage(topic, payload, { retain, behind: waiting }))
          acknowledge()
        })
      },
      onEnd({ kind, why }) {
        current = undefined
        if (isEnded) return
        isOld ||= kind === 'old'
        if (kind === 'old' || kind === 'mute') return open(true)
        tell(kind, why)
        const delay = (RETRY_MS + Math.random() * JITTER_MS) * (kind === 'refused' ? REFUSED_FACTOR : 1)
        timer = setTimeout(() => open(), delay)
      },
    })
    current = connection
  }
  open()

  const isUp = () => !isEnded && state === 'connected' && current !== undefined
  let ending: Promise<void> | undefined
  return {
    async publish(topic, payload, timeoutMs) {
      return isUp() && current !== undefined ? current.publish(topic, payload, timeoutMs) : false
    },
    isConnected: isUp,
    end() {
      isEnded = true
      clearTimeout(timer)
      ending ??= current?.leave() ?? Promise.resolve()
      return ending
    },
  }
}

/** Waits until it is over, well or badly: a message that cannot be worked on must not hold back those behind it. */
async function settled(fn: () => Promise<void>): Promise<void> {
  try {
    await fn()
  } catch {
    // Whoever listens tells of trouble; here there is nobody to tell.
  }
}
