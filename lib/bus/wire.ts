/** Bounds on what goes over the wire; the packets themselves are mqtt-packet's. */

/** 4 is how 3.1.1 calls itself. */
export type Version = 4 | 5

/** A payload of 64 KiB with its topic and header. */
export const MAX_PACKET = 65_536 + 4096

/** Tells of bytes as they pass whether every packet that begins in them is at most `maxBytes` long, after its header
 * (MQTT 2.1, 2.2.3). mqtt-packet tells of a packet only once all of it has come. */
export function sizeGuard(maxBytes: number): (chunk: Uint8Array) => boolean {
  // The header: a byte, then at most four with seven bits each of the length, the lowest first.
  let headBytes = 0
  let length = 0
  let inPacket = 0
  return chunk => {
    for (let at = 0; at < chunk.length; ) {
      if (inPacket > 0) {
        const passed = Math.min(inPacket, chunk.length - at)
        inPacket -= passed
        at += passed
        continue
      }
      const byte = chunk[at++] ?? 0
      headBytes++
      if (headBytes === 1) continue
      length += (byte & 0x7f) << (7 * (headBytes - 2))
      const isLast = byte < 0x80
      // Four bytes of length, and the last of them says that there are more: no MQTT.
      if (!isLast && headBytes === 5) return false
      if (!isLast) continue
      if (length > maxBytes) return false
      inPacket = length
      headBytes = 0
      length = 0
    }
    return true
  }
}
