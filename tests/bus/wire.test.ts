import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { connectPacket, frameReader, headerOf, publishPacket, sizeGuard } from '#lib/bus/wire.ts'

/** Cuts bytes into pieces of these sizes, and the rest. */
function cut(bytes: Buffer, sizes: number[]): Buffer[] {
  const pieces: Buffer[] = []
  let at = 0
  for (const size of sizes) {
    pieces.push(bytes.subarray(at, at + size))
    at += size
  }
  return [...pieces, bytes.subarray(at)]
}

const payloads = fc.array(fc.uint8Array({ maxLength: 400 }), { minLength: 1, maxLength: 8 })
const sizes = fc.array(fc.nat(150))

describe('packets', () => {
  it.each([0, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])('say their length, around %i bytes', length => {
    // The topic and its length, and the id.
    const fixed = 2 + 1 + 2
    const packet = publishPacket(4, 1, 't', Buffer.alloc(Math.max(0, length - fixed)))
    const body = Math.max(length, fixed)
    const header = headerOf(packet)
    expect(header?.length).toBe(body)
    expect(packet).toHaveLength((header?.start ?? 0) + body)
  })

  it('come out whole, however the bytes are cut', () => {
    fc.assert(
      fc.property(payloads, sizes, (all, at) => {
        const packets = all.map((payload, i) => publishPacket(5, i + 1, 'a/b', payload))
        const read = frameReader(1000)
        const frames = cut(Buffer.concat(packets), at).flatMap(piece => read(Buffer.from(piece)))
        expect(frames.map(({ type, body }) => [type, body.subarray(8)])).toEqual(
          all.map(bytes => [3, Buffer.from(bytes)]),
        )
      }),
    )
  })

  it('pass the guard exactly when each is small enough, however the bytes are cut', () => {
    fc.assert(
      fc.property(payloads, sizes, fc.integer({ min: 20, max: 450 }), (all, at, most) => {
        const packets = all.map(payload => publishPacket(4, 1, 'a/b', payload))
        const fits = sizeGuard(most)
        const passed = cut(Buffer.concat(packets), at).every(piece => fits(piece))
        expect(passed).toBe(packets.every(packet => (headerOf(packet)?.length ?? 0) <= most))
      }),
    )
  })

  it('of bytes at random are read or refused, and nothing else happens', () => {
    fc.assert(
      fc.property(fc.uint8Array(), bytes => {
        const fits = sizeGuard(100)(bytes)
        let isRead = true
        try {
          frameReader(100)(Buffer.from(bytes))
        } catch (error) {
          isRead = false
          expect(error).toHaveProperty('message', expect.stringMatching(/too large|not MQTT/))
        }
        expect(isRead).toBe(fits)
      }),
    )
  })

  it('greet as the standard says (3.1, figure 3-6)', () => {
    const greeting = connectPacket(4, { clientId: 'ab', username: 'u', password: 'p', keepaliveSec: 258 })
    expect([...greeting]).toEqual([
      0x10,
      20,
      0,
      4,
      ...Buffer.from('MQTT'),
      4,
      0xc2,
      1,
      2,
      0,
      2,
      97,
      98,
      0,
      1,
      117,
      0,
      1,
      112,
    ])
    const bare = connectPacket(5, { clientId: '', keepaliveSec: 0 })
    expect([...bare]).toEqual([0x10, 13, 0, 4, ...Buffer.from('MQTT'), 5, 2, 0, 0, 0, 0, 0])
  })
})
