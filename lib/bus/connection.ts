/** One connection to the broker, from its first packet to its end; it never comes back, client.ts makes a new one. (mqtt.js
 * can reconnect by itself, but keeps acknowledgements and packets of the old connection for the new one.) */
import './no-number-cache.ts'
import { connect, type MqttClient } from 'mqtt'
import { generate } from 'mqtt-packet'
import { mqttOptions } from './mqtt-options.ts'
import { type Publisher, publisherOn } from './publisher.ts'
import { HANG_UP, isHangUp, isVersionRefusal, reasonText, refusalText, troubleText } from './reasons.ts'
import type { BusSettings } from './settings.ts'
import type { BusOptions } from './types.ts'
import type { Version } from './wire.ts'

export interface Ending {
  /** `old`: it says that it does not speak MQTT 5. `mute`: it hung up at the sight of it, without a word. */
  kind: 'lost' | 'refused' | 'old' | 'mute'
  why: string
}

export interface Arrival {
  topic: string
  payload: Uint8Array
  retain: boolean
  /** Tells the broker that it arrived. On a connection that is gone nothing happens: it comes again on the next one. */
  acknowledge(): void
}

export interface Events {
  /** Our subscription stands. */
  onReady(): void
  onArrival(arrival: Arrival): void
  /** Once, and nothing after it. Not after `leave`. */
  onEnd(ending: Ending): void
}

export interface Connection extends Pick<Publisher, 'publish'> {
  /** Says goodbye; settles within a second. */
  leave(): Promise<void>
}

/** For a name, a connection, TLS and the broker's answer; and once more for the answer to our subscription. */
const ANSWER_MS = 4000
const GOODBYE_MS = 1000

/** Opens a connection with the session of this client id, and subscribes. Nothing is thrown: `onEnd` tells. */
export function openConnection(
  settings: BusSettings,
  options: BusOptions,
  version: Version,
  events: Events,
): Connection {
  const { host, port, tls } = settings
  let client: MqttClient
  try {
    client = connect(mqttOptions(settings, options, version, ANSWER_MS))
  } catch (error) {
    // A key or certificate that is none.
    const timer = setImmediate(() => events.onEnd({ kind: 'lost', why: troubleText(host, port, error) }))
    return { publish: async () => false, leave: async () => clearImmediate(timer) }
  }
  const { stream } = client
  let [isOver, isOpen, isHeard, isGreeted] = [false, false, false, false]
  let subscribing: NodeJS.Timeout | undefined

  const close = () => {
    isOver = true
    clearTimeout(subscribing)
    publisher.close()
  }
  const end = (kind: Ending['kind'], why: string) => {
    if (isOver) return
    close()
    client.end(true)
    events.onEnd({ kind, why })
  }
  const lose = (error: unknown) => {
    const isMute = version === 5 && isOpen && !isHeard && isHangUp(error)
    end(isMute ? 'mute' : 'lost', troubleText(host, port, error))
  }
  const publisher = publisherOn(client, () => lose(new Error('it does not acknowledge what we publish')))

  stream.on(tls ? 'secureConnect' : 'connect', () => {
    isOpen = true
  })
  client.on('packetreceive', () => {
    isHeard = true
  })
  client.on('error', error => {
    const code = 'code' in error && typeof error.code === 'number' ? error.code : undefined
    if (code === undefined) lose(error)
    else if (isGreeted) lose(new Error(reasonText(code)))
    else
      end(version === 5 && isVersionRefusal(code) ? 'old' : 'refused', `${host}:${port} refused: ${refusalText(code)}`)
  })
  client.on('disconnect', packet => lose(new Error(`it hung up: ${reasonText(packet.reasonCode ?? 0)}`)))
  client.on('close', () => lose(new Error(HANG_UP)))
  client.on('connect', () => {
    isGreeted = true
    subscribing = setTimeout(() => lose(new Error('no answer to our subscription')), ANSWER_MS)
    // rh 2: no retained messages. Asked for anew each time: the session may be another, or the filter.
    client.subscribe(options.filter, { qos: 1, ...(version === 5 ? { rh: 2 } : {}) }, error => {
      clearTimeout(subscribing)
      if (isOver) return
      if (error) end('refused', `${host}:${port} does not let us subscribe to ${options.filter}`)
      else events.onReady()
    })
  })
  client.handleMessage = ({ topic, payload, retain, qos, messageId }, goOn) => {
    const acknowledge = () => {
      if (!isOver && qos === 1 && messageId !== undefined) stream.write(generate({ cmd: 'puback', messageId }))
    }
    if (!isOver) events.onArrival({ topic, payload: Buffer.from(payload), retain, acknowledge })
    // An error keeps mqtt.js from acknowledging, and lets it read on: answers to pings and to what we publish would
    // else wait for whoever works on this message.
    goOn(new Error('acknowledged later'))
  }

  return {
    publish: publisher.publish,
    async leave() {
      if (isOver) return
      close()
      const gone = new Promise<void>(resolve => {
        const timer = setTimeout(resolve, GOODBYE_MS)
        client.once('close', () => {
          clearTimeout(timer)
          resolve()
        })
      })
      if (isGreeted) stream.end(generate({ cmd: 'disconnect' }))
      else stream.destroy()
      await gone
      client.end(true)
    },
  }
}
