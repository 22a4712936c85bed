import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sizeGuard } from '#lib/bus/wire.ts'
import { headerOf, publication } from './fake-broker.ts'

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

/** How long its body is. */
function bodyOf(packet: Buffer): number {
  const header = headerOf(packet)
  if (header === undefined) throw new Error('no whole header')
  return header.end - header.start
}

describe('packets', () => {
  it('pass the guard exactly when each is small enough, however the bytes are cut', () => {
    const payloads = fc.array(fc.uint8Array({ maxLength: 400 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(payloads, fc.array(fc.nat(150)), fc.integer({ min: 20, max: 450 }), (all, at, most) => {
        const packets = all.map(payload => publication(4, 'a/b', Buffer.from(payload)))
        const fits = sizeGuard(most)
        const passed = cut(Buffer.concat(packets), at).every(piece => fits(piece))
        expect(passed).toBe(packets.every(packet => bodyOf(packet) <= most))
      }),
    )
  })

  it.each([127, 128, 16_383, 16_384, 2_097_151, 2_097_152])('of %i bytes are that long to the guard', length => {
    // The topic and its length, and the id.
    const packet = publication(4, 't', Buffer.alloc(length - 5))
    expect(bodyOf(packet)).toBe(length)
    expect(sizeGuard(length)(packet)).toBe(true)
    expect(sizeGuard(length - 1)(packet)).toBe(false)
  })

  it('with a length of more than four bytes are none', () => {
    expect(sizeGuard(1 << 30)(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 1]))).toBe(false)
    expect(sizeGuard(1 << 30)(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]))).toBe(true)
  })

  it('of bytes at random are let through or not, and nothing else happens', () => {
    fc.assert(fc.property(fc.uint8Array(), bytes => typeof sizeGuard(100)(bytes) === 'boolean'))
  })
})
