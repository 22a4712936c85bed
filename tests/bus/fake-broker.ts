/** Servers that behave as no broker should, or as old and slow ones do. */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { generate } from 'mqtt-packet'
import { onTestFinished } from 'vitest'
import type { BusSettings } from '#lib/bus/settings.ts'

/** Types of the packets that a client sends (MQTT 2.1.2). */
export const CONNECT = 1
export const PUBLISH = 3
export const SUBSCRIBE = 8
export const PINGREQ = 12

export interface FakeServer {
  settings: BusSettings
  /** How many connections came so far. */
  count(): number
  /** Those that stand. */
  sockets: Set<Socket>
  close(): Promise<void>
}

/** A loopback server that does this with each connection; it ends with the test. */
export async function fakeServer(behave: (socket: Socket, index: number) => void): Promise<FakeServer> {
  let count = 0
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    behave(socket, count++)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const close = async () => {
    for (const socket of sockets) socket.destroy()
    if (!server.listening) return
    server.close()
    await once(server, 'close')
  }
  onTestFinished(close)
  return { settings: at(address.port), count: () => count, sockets, close }
}

/** Settings for a port of this machine. */
export function at(port: number, more: Partial<BusSettings> = {}): BusSettings {
  return {
    url: `mqtt://127.0.0.1:${port}`,
    host: '127.0.0.1',
    port,
    tls: false,
    prefix: 'python/mqtt/jobs',
    acceptUnsigned: false,
    source: 'environment',
    ...more,
  }
}

export interface Frame {
  type: number
  body: Buffer
}

/** Reads what a client says, packet by packet. By hand: the client's packets are not judged by the library that made
 * them. */
export function listen(socket: Socket, take: (frame: Frame) => void): void {
  let rest: Buffer = Buffer.alloc(0)
  socket.on('data', chunk => {
    rest = Buffer.concat([rest, chunk])
    for (let header = headerOf(rest); header && rest.length >= header.end; header = headerOf(rest)) {
      const frame = { type: (rest[0] ?? 0) >> 4, body: rest.subarray(header.start, header.end) }
      rest = rest.subarray(header.end)
      take(frame)
    }
  })
}

/** Where the body of the first packet begins and ends (MQTT 2.2.3); undefined while too few bytes are there. */
export function headerOf(bytes: Uint8Array): { start: number; end: number } | undefined {
  let length = 0
  for (let i = 1; i <= 4; i++) {
    const byte = bytes[i]
    if (byte === undefined) return undefined
    length += (byte & 0x7f) << (7 * (i - 1))
    if (byte < 0x80) return { start: i + 1, end: i + 1 + length }
  }
  throw new Error('a length of more than four bytes')
}

/** A PUBLISH with QoS 1, to a subscriber. */
export function publication(protocolVersion: 4 | 5, topic: string, payload: string | Buffer, messageId = 7): Buffer {
  const packet = { cmd: 'publish', topic, payload, messageId, qos: 1, retain: false, dup: false } as const
  return generate(packet, { protocolVersion })
}

/** The protocol level of a CONNECT: 4 or 5. */
export function versionOf({ body }: Frame): number {
  return body[6] ?? 0
}

/** Answers as a broker does: welcome, subscribed, pong. `keepaliveSec` (MQTT 5): what it asks of the client. */
export function beBroker(socket: Socket, frame: Frame, { keepaliveSec = 0 } = {}): void {
  const version = versionsBySocket.get(socket) ?? versionOf(frame)
  versionsBySocket.set(socket, version)
  const id = frame.body.subarray(0, 2)
  if (frame.type === CONNECT && version === 4) socket.write(Buffer.from([0x20, 2, 0, 0]))
  else if (frame.type === CONNECT && keepaliveSec > 0)
    socket.write(Buffer.from([0x20, 6, 0, 0, 3, 0x13, 0, keepaliveSec]))
  else if (frame.type === CONNECT) socket.write(Buffer.from([0x20, 3, 0, 0, 0]))
  else if (frame.type === SUBSCRIBE && version === 4) socket.write(Buffer.from([0x90, 3, ...id, 1]))
  else if (frame.type === SUBSCRIBE) socket.write(Buffer.from([0x90, 4, ...id, 0, 1]))
  else if (frame.type === PINGREQ) socket.write(Buffer.from([0xd0, 0]))
}

const versionsBySocket = new WeakMap<Socket, number>()

/** PUBACK for a PUBLISH of the client. */
export function ack(socket: Socket, { body }: Frame, code?: number): void {
  const at = 2 + body.readUInt16BE()
  const id = body.subarray(at, at + 2)
  socket.write(Buffer.from(code === undefined ? [0x40, 2, ...id] : [0x40, 3, ...id, code]))
}
