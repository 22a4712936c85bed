import type { MqttClient } from 'mqtt'

export interface Publisher {
  /** True when the broker acknowledged it in time. */
  publish(topic: string, payload: Uint8Array | string, timeoutMs: number): Promise<boolean>
  /** The connection is gone: everybody who waits is told no. */
  close(): void
}

/** A broker that answers pings, and this long not a message, is as good as gone. */
const ACK_MS = 10_000

/** Publishes on one connection, one message after the other: a broker of MQTT 5 may say how many it takes at once, and
 * mqtt.js does not listen. `onStuck`: it does not acknowledge. */
export function publisherOn(client: MqttClient, onStuck: () => void): Publisher {
  const waiting = new Set<() => void>()
  const bounds = new Set<NodeJS.Timeout>()
  let isClosed = false
  let tail: Promise<unknown> = Promise.resolve()

  const send = (topic: string, payload: Uint8Array | string, deadline: number): Promise<boolean> =>
    new Promise(resolve => {
      const leftMs = deadline - performance.now()
      if (isClosed || leftMs <= 0) return resolve(false)
      const settle = (isDone: boolean) => {
        waiting.delete(giveUp)
        clearTimeout(timer)
        resolve(isDone)
      }
      const giveUp = () => settle(false)
      waiting.add(giveUp)
      const timer = setTimeout(giveUp, leftMs)
      // Beyond the caller's patience, or a broker that never acknowledges would fill our memory.
      const bound = setTimeout(onStuck, ACK_MS)
      bounds.add(bound)
      client.publish(topic, Buffer.from(payload), { qos: 1 }, error => {
        clearTimeout(bound)
        bounds.delete(bound)
        settle(!error)
      })
    })

  return {
    publish(topic, payload, timeoutMs) {
      const deadline = performance.now() + timeoutMs
      const sent = tail.then(() => send(topic, payload, deadline))
      tail = sent
      return sent
    },
    close() {
      isClosed = true
      for (const bound of bounds) clearTimeout(bound)
      for (const giveUp of [...waiting]) giveUp()
    },
  }
}
