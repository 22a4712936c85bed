/** Trouble with a broker in words for a person. */
import { errnoOf } from '#lib/system/errors.ts'

const WORDS: Record<number, string> = {
  // MQTT 3.1.1, table 3.1.
  1: 'it does not speak this version of MQTT',
  2: 'it does not take our client id',
  3: 'it is not available',
  4: 'wrong user name or password',
  5: 'not authorised',
  // MQTT 5, tables 3-1, 3-4 and 3-10.
  128: 'no reason given',
  129: 'it could not read our packet',
  130: 'it found our packet wrong',
  131: 'no reason given',
  132: 'it does not speak this version of MQTT',
  133: 'it does not take our client id',
  134: 'wrong user name or password',
  135: 'not authorised',
  136: 'it is not available',
  137: 'it is busy',
  138: 'banned',
  139: 'it shuts down',
  140: 'it wants another way to authenticate',
  141: 'it heard nothing of us in time',
  142: 'another client came under our name',
  144: 'it does not take this topic',
  149: 'the packet is too large for it',
  151: 'over its quota',
  152: 'closed by its administrator',
  153: 'it does not take this payload',
  155: 'it does not take this quality of service',
  156: 'use another server',
  157: 'the server moved',
  159: 'too many connections at once',
}

/** What a broker's reason code means. */
export function reasonText(code: number): string {
  return WORDS[code] ?? `reason ${code}`
}

/** What it means as the answer to our first packet. */
export function refusalText(code: number): string {
  const isVague = code === 5 || code === 135
  return `${reasonText(code)}${isVague ? ' (are user name and password right?)' : ''}`
}

/** Does the code say that it does not speak this version of MQTT? */
export function isVersionRefusal(code: number): boolean {
  return code === 1 || code === 132
}

export const HANG_UP = 'it hung up'

/** By errno, and by the words of mqtt.js. */
const TROUBLE: Record<string, string> = {
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: HANG_UP,
  EPIPE: HANG_UP,
  ENOTFOUND: 'there is no machine of this name',
  EAI_AGAIN: 'the name cannot be looked up now',
  ETIMEDOUT: 'no answer',
  EHOSTUNREACH: 'the machine cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  'connack timeout': 'no answer',
  'Keepalive timeout': 'no answer any more',
}

/** Trouble of the connection: `localhost:1883: nobody listens there`. */
export function troubleText(host: string, port: number, error: unknown): string {
  const errno = errnoOf(error) ?? ''
  const message = error instanceof Error ? error.message : ''
  return `${host}:${port}: ${TROUBLE[errno] ?? TROUBLE[message] ?? (message || errno || 'no connection')}`
}

/** Did the other side close the connection, without a word of why? */
export function isHangUp(error: unknown): boolean {
  return ['ECONNRESET', 'EPIPE'].includes(errnoOf(error) ?? '') || (error instanceof Error && error.message === HANG_UP)
}
