/** What the bus gives and takes. Types alone: the files that load an MQTT library are imported where they are needed. */

export interface BusMessage {
  topic: string
  payload: Uint8Array | string
}

/** `publishOnce` of publish-once.ts. */
export interface PublishResult {
  /** How many messages the broker acknowledged, counted from the first. */
  acked: number
  /** Why not all of them; undefined when all. Fit for a person, without a secret. */
  why?: string
}

/** `lost`: not there, or no answer (it is tried again for ever). `refused`: it said no (a wrong password); tried again,
 * too, for passwords change. */
export type BusState = 'connected' | 'lost' | 'refused'

/** `connectBus` of client.ts. */
export interface BusOptions {
  /** The same at every start, so that the broker keeps what came meanwhile. */
  clientId: string
  filter: string
  /** How long the broker keeps our subscription and its messages while we are away: 7 days when not given; 0: not at
   * all. (MQTT 3.1.1 knows only for ever and not at all.) */
  sessionExpirySec?: number
  /** Published by the broker when we vanish without a word. */
  will?: BusMessage
  /** Called for one message at a time. The broker is told that a message arrived only once this promise has settled; a
   * rejection counts as settled, too, or one bad message would hold back all others. `behind`: how many more have
   * arrived already. */
  onMessage(topic: string, payload: Uint8Array, about: { retain: boolean; behind: number }): Promise<void>
  /** Called once per change, with a short reason. `connected` comes after the subscription stands. */
  onState(state: BusState, why: string): void
}

export interface BusLink {
  /** True when the broker acknowledged it in time. Never rejects; at once false while there is no connection. */
  publish(topic: string, payload: Uint8Array | string, timeoutMs: number): Promise<boolean>
  isConnected(): boolean
  /** Says goodbye and closes, within a second or so. Messages that were not acknowledged come again to the next link. */
  end(): Promise<void>
}

/** What stands in `.hermes/secrets/broker.json` while an embedded broker runs. */
export interface BrokerFile {
  url: string
  port: number
  username: string
  password: string
  pid: number
  pid_start: string
  boot_id?: string | undefined
}

/** `startBroker` of broker.ts. */
export interface RunningBroker {
  url: string
  port: number
  username: string
  password: string
  close(): Promise<void>
}
