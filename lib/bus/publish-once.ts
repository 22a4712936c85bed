import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { HANG_UP, isHangUp, isVersionRefusal, reasonText, refusalText, troubleText } from './reasons.ts'
import type { BusSettings } from './settings.ts'
import type { BusMessage, PublishResult } from './types.ts'
import {
  CONNACK,
  connectPacket,
  DISCONNECT,
  disconnectPacket,
  type Frame,
  frameReader,
  PUBACK,
  publishPacket,
  type Version,
} from './wire.ts'

/** No answer to us is that long, but a broker may tell much of itself. */
const MAX_ANSWER = 65_536

/** Publishes a few messages, one after the other, each acknowledged by the broker, and hangs up. Gives how many it
 * acknowledged, counted from the first, and why not all. Never throws for trouble with the broker, and takes no longer
 * than `timeoutMs`. (A look-up of a name cannot be called off: it may hold the process a while longer.) */
export async function publishOnce(
  settings: BusSettings,
  messages: readonly BusMessage[],
  timeoutMs: number,
): Promise<PublishResult> {
  if (messages.length === 0) return { acked: 0 }
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
  const open = await opener(settings)
  return new Promise(resolve => {
    let [acked, isOver, isOpen, isHeard] = [0, false, false, false]
    let socket: Socket | undefined
    const end = (why?: string, retry = false) => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
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
    const sendNext = () => {
      const message = messages[acked]
      if (message === undefined) end()
      else socket?.write(publishPacket(version, acked + 1, message.topic, Buffer.from(message.payload)))
    }
    const take = guarded(({ type, body }: Frame) => {
      isHeard = true
      const code = body[type === PUBACK ? 2 : type === CONNACK ? 1 : 0] ?? 0
      if (type === CONNACK && code === 0) sendNext()
      else if (type === CONNACK) end(`${host}:${port} refused: ${refusalText(code)}`, isVersionRefusal(code))
      else if (type === DISCONNECT) end(`${host}:${port} hung up: ${reasonText(code)}`)
      else if (type === PUBACK && body.length >= 2 && body.readUInt16BE() === acked + 1) {
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
      socket?.write(connectPacket(version, { clientId, username, password, keepaliveSec: 60 }))
    })
    const read = frameReader(MAX_ANSWER)
    guarded(() => {
      socket = open()
      socket.on(tls ? 'secureConnect' : 'connect', greet)
      const readAll = guarded((chunk: Buffer) => {
        for (const frame of read(chunk)) take(frame)
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
  if (isDone) socket.end(disconnectPacket(), () => socket.destroy())
  else socket.destroy()
}

/** What opens the socket. Loads TLS only where it is used. */
async function opener({ host, port, tls, ca, cert, key }: BusSettings): Promise<() => Socket> {
  const { connect: connectPlain, isIP } = await import('node:net')
  if (!tls) return () => connectPlain({ host, port, noDelay: true })
  const { connect } = await import('node:tls')
  return () => connect({ host, port, ca, cert, key, ...(isIP(host) ? {} : { servername: host }) })
}
