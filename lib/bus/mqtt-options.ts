import type { IClientOptions } from 'mqtt'
import type { BusSettings } from './settings.ts'
import type { BusOptions } from './types.ts'
import { MAX_PACKET, type Version } from './wire.ts'

const KEEPALIVE_SEC = 15
const SESSION_SEC = 7 * 86_400
/** What a broker may send before we acknowledge. One of 3.1.1 goes by a limit of its own. */
const IN_FLIGHT = 100

/** What mqtt.js is told for one connection. `answerMs`: for the name, the connection, TLS and the broker's answer. */
export function mqttOptions(
  settings: BusSettings,
  options: BusOptions,
  version: Version,
  answerMs: number,
): IClientOptions {
  const { host, port, tls, username, password, ca, cert, key } = settings
  const given = Object.entries({ username, password, ca, cert, key }).filter(([, value]) => value !== undefined)
  const { will } = options
  return {
    protocol: tls ? 'mqtts' : 'mqtt',
    protocolVersion: version,
    host,
    port,
    ...Object.fromEntries(given),
    clientId: options.clientId,
    // 3.1.1 has no expiry: without this a session that nobody wants would stay for ever.
    clean: options.sessionExpirySec === 0,
    keepalive: KEEPALIVE_SEC,
    connectTimeout: answerMs,
    reconnectPeriod: 0,
    resubscribe: false,
    timerVariant: 'native',
    // Its own log would show the password.
    log: () => undefined,
    ...(will ? { will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: false } } : {}),
    ...(version === 4
      ? {}
      : {
          properties: {
            sessionExpiryInterval: options.sessionExpirySec ?? SESSION_SEC,
            receiveMaximum: IN_FLIGHT,
            maximumPacketSize: MAX_PACKET,
          },
        }),
  }
}
