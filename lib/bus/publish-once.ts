import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import './no-number-cache.ts'
import { generate, type Packet, parser } from 'mqtt-packet'
import { HANG_UP, isHangUp, isVersionRefusal, reasonText, refusalText, troubleText } from './reasons.ts'
import type { BusSettings } from './settings.ts'
import type { BusMessage, PublishResult } from './types.ts'
import { sizeGuard, type Version } from './wire.ts'

/** No answer to us is that long, but a broker may tell much of itself. */
const MAX_ANSWER = 65_536

/** Publishes a few messages, one after the other, each acknowledged by the broker, and hangs up. Gives how many it
 * acknowledged, counted from the first, and why not all. Never throws for trouble with the broker, and takes no longer
 * than `timeoutMs`; nothing of it holds the process afterwards. */
export async function publishOnce(
  settings: BusSettings,
  messages: readonly BusMessage[],
  timeoutMs: number,
): Promise<PublishResult> {
  return messages.length === 0 ? { acked: 0 } : speak(settings, messages, timeoutMs)
}

/** Says hello to the broker and leaves. Gives why it does not let us in; undefined when it does. Never throws. */
export async function tryBroker(settings: BusSettings, timeoutMs: number): Promise<string | undefined> {
  return (await speak(settings, [], timeoutMs)).why
}

async function speak(
  settings: BusSettings,
  messages: readonly BusMessage[],
  timeoutMs: number,
): Promise<PublishResult> {
  const deadline = performance.now() + timeoutMs
  // The embedded broker speaks 3.1.1 only; of others, 5 is the one that says when it does not take a message.
  const first: Version = settings.source === 'embedded' ? 4 : 5
  const tried = await tryVersion(settings, messages, first, deadline)
  if (!tried.retry) return tried.result
  return (await tryVersion(settings, messages, 4, deadline)).result
}

interface Tried {
  result: PublishResult
  /** It does not speak 5, or hung up at the sight of it. */
  retry: boolean
}

async function tryVersion(
  settings: BusSettings,
  messages: readonly BusMessage[],
  version: Version,
  deadline: number,
): Promise<Tried> {
  const { host, port, tls, username, password } = settings
  const over = new AbortController()
  const open = await opener(settings, over.signal)
  return new Promise(resolve => {
    let [acked, isOver, isOpen, isHeard] = [0, false, false, false]
    let socket: Socket | undefined
    const end = (why?: string, retry = false) => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      over.abort()
      if (socket) leave(socket, why === undefined)
      resolve({ result: why === undefined ? { acked } : { acked, why }, retry: retry && version === 5 })
    }
    const trouble = (error: unknown) => end(troubleText(host, port, error), isOpen && !isHeard && isHangUp(error))
    /** Nothing that comes from outside may throw out of an event. */
    const guarded =
      <T extends unknown[]>(fn: (...args: T) => void) =>
      (...args: T) => {
        try {
          if (!isOver) fn(...args)
        } catch (error) {
          trouble(error)
        }
      }
    const timer = setTimeout(
      () => end(troubleText(host, port, new Error('no answer in time'))),
      Math.max(1, deadline - performance.now()),
    )
    const send = (packet: Packet) => socket?.write(generate(packet, { protocolVersion: version }))
    const sendNext = () => {
      const message = messages[acked]
      if (message === undefined) return end()
      const { topic, payload } = message
      send({
        cmd: 'publish',
        messageId: acked + 1,
        topic,
        payload: Buffer.from(payload),
        qos: 1,
        retain: false,
        dup: false,
      })
    }
    const take = guarded((packet: Packet) => {
      isHeard = true
      const code = 'reasonCode' in packet ? (packet.reasonCode ?? 0) : 0
      if (packet.cmd === 'connack') {
        const answer = packet.returnCode ?? code
        if (answer === 0) sendNext()
        else end(`${host}:${port} refused: ${refusalText(answer)}`, isVersionRefusal(answer))
      } else if (packet.cmd === 'disconnect') end(`${host}:${port} hung up: ${reasonText(code)}`)
      else if (packet.cmd === 'puback' && packet.messageId === acked + 1) {
        // 16 and the like: taken, and nobody listens.
        if (code >= 128) return end(`${host}:${port} did not take the message: ${reasonText(code)}`)
        acked++
        sendNext()
      }
    })
    const greet = guarded(() => {
      isOpen = true
      // Letters and digits, at most 23: what every broker takes.
      const clientId = `agentsessions${randomBytes(5).toString('hex')}`
      send({
        cmd: 'connect',
        protocolVersion: version,
        clientId,
        keepalive: 60,
        ...(username === undefined ? {} : { username }),
        // As bytes: texts it would show where DEBUG is set.
        ...(password === undefined ? {} : { password: Buffer.from(password) }),
      })
    })
    const fits = sizeGuard(MAX_ANSWER)
    const answers = parser({ protocolVersion: version })
    answers.on('packet', take)
    answers.on('error', error => trouble(new Error(`this is not MQTT: ${error.message}`)))
    guarded(() => {
      socket = open()
      socket.on(tls ? 'secureConnect' : 'connect', greet)
      const readAll = guarded((chunk: Buffer) => {
        if (fits(chunk)) answers.parse(chunk)
        else trouble(new Error('this is not MQTT, or a packet is too large'))
      })
      socket.on('data', readAll)
      socket.on('error', trouble)
      socket.on('close', () => trouble(new Error(HANG_UP)))
    })()
  })
}

/** Hangs up. What comes of the socket later is of no interest, and it must not keep the process. */
function leave(socket: Socket, isDone: boolean): void {
  socket.unref()
  if (isDone) socket.end(generate({ cmd: 'disconnect' }), () => socket.destroy())
  else socket.destroy()
}

/** What opens the socket; a look-up ends with `signal`. Loads TLS and what looks up names only where they are used. */
async function opener({ host, port, tls, ca, cert, key }: BusSettings, signal: AbortSignal): Promise<() => Socket> {
  const { connect: connectPlain, isIP } = await import('node:net')
  // No name server is asked for that one.
  const isNear = isIP(host) !== 0 || host === 'localhost'
  const where = { host, port, ...(isNear ? {} : { lookup: (await import('./look-up.ts')).lookUpApart(signal) }) }
  if (!tls) return () => connectPlain({ ...where, noDelay: true })
  const { connect } = await import('node:tls')
  return () => connect({ ...where, ca, cert, key, ...(isIP(host) ? {} : { servername: host }) })
}
