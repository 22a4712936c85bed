/** The few packets of MQTT that a process needs which publishes and leaves. By hand: an MQTT library costs such a process
 * a third of Node's own start. MQTT 3.1.1 and 5.0, sections 2.1 to 3.14 of either standard. */

/** 4 is how 3.1.1 calls itself. */
export type Version = 4 | 5

/** A payload of 64 KiB with its topic and header. */
export const MAX_PACKET = 65_536 + 4096

export const CONNACK = 2
export const PUBACK = 4
export const DISCONNECT = 14

/** The first packet: no session, no will. */
export function connectPacket(
  version: Version,
  who: { clientId: string; username?: string | undefined; password?: string | undefined; keepaliveSec: number },
): Buffer {
  const { clientId, username, password, keepaliveSec } = who
  const flags = 0x02 | (username === undefined ? 0 : 0x80) | (password === undefined ? 0 : 0x40)
  return packet(
    0x10,
    text('MQTT'),
    Buffer.from([version, flags]),
    uint16(keepaliveSec),
    properties(version),
    text(clientId),
    ...[username, password].filter(value => value !== undefined).map(text),
  )
}

/** QoS 1, not retained. */
export function publishPacket(version: Version, id: number, topic: string, payload: Uint8Array): Buffer {
  return packet(0x32, text(topic), uint16(id), properties(version), payload)
}

export function pubackPacket(id: number): Buffer {
  return packet(PUBACK << 4, uint16(id))
}

export function disconnectPacket(): Buffer {
  return packet(DISCONNECT << 4)
}

export interface Frame {
  type: number
  body: Buffer
}

/** Takes bytes as they come and gives whole packets. Throws for what is no MQTT and for packets over `maxBytes`, before
 * they are kept. */
export function frameReader(maxBytes: number): (chunk: Buffer) => Frame[] {
  let rest: Buffer = Buffer.alloc(0)
  return chunk => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const frames: Frame[] = []
    for (;;) {
      const header = headerOf(rest)
      if (header === undefined) return frames
      const { start, length } = header
      if (length > maxBytes) throw new Error('a packet is too large')
      if (rest.length < start + length) return frames
      frames.push({ type: (rest[0] ?? 0) >> 4, body: rest.subarray(start, start + length) })
      rest = rest.subarray(start + length)
    }
  }
}

/** Where the body of a packet begins, and its length; undefined while too few bytes are there. Throws for a length of more
 * than four bytes. */
export function headerOf(bytes: Uint8Array): { start: number; length: number } | undefined {
  let length = 0
  for (let i = 1; i <= 4; i++) {
    const byte = bytes[i]
    if (byte === undefined) return undefined
    length += (byte & 0x7f) << (7 * (i - 1))
    if (byte < 0x80) return { start: i + 1, length }
  }
  throw new Error('this is not MQTT')
}

/** Tells of bytes as they pass whether every packet that begins in them is at most `maxBytes` long. */
export function sizeGuard(maxBytes: number): (chunk: Uint8Array) => boolean {
  let head: number[] = []
  let inPacket = 0
  return chunk => {
    for (let at = 0; at < chunk.length; ) {
      if (inPacket > 0) {
        const passed = Math.min(inPacket, chunk.length - at)
        inPacket -= passed
        at += passed
        continue
      }
      head.push(chunk[at++] ?? 0)
      // Four bytes of length, and the last of them says that there are more: no MQTT.
      if (head.length > 4 && (head.at(-1) ?? 0) >= 0x80) return false
      const length = headerOf(Uint8Array.from(head))?.length
      if (length === undefined) continue
      if (length > maxBytes) return false
      head = []
      inPacket = length
    }
    return true
  }
}

function packet(firstByte: number, ...parts: Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([Buffer.from([firstByte]), variableInt(length), ...parts])
}

function variableInt(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  do {
    bytes.push((rest % 128) | (rest >= 128 ? 0x80 : 0))
    rest = Math.floor(rest / 128)
  } while (rest > 0)
  return Buffer.from(bytes)
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  if (bytes.length > 0xffff) throw new RangeError('a text of more than 65535 bytes')
  return Buffer.concat([uint16(bytes.length), bytes])
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff])
}

/** None of them, which MQTT 5 wants said. */
function properties(version: Version): Buffer {
  return Buffer.from(version === 5 ? [0] : [])
}
