/** Documents and lines of JSON. */
import fc from 'fast-check'
import { mutated } from './mutate.ts'
import { bytesOf, editedText, noise } from './spoil.ts'
import { value } from './words.ts'

const OPENERS = ['[', '{"a":', '[[{"a":', '"\\u', '[1,', '{"a":1,']
/** Opened without end, or closed as often: what recursion falls over. */
const deep: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom(...OPENERS), fc.constantFrom(10, 1000, 5000, 10_000, 30_000), fc.boolean())
  .map(([open, count, closed]) => {
    const close = open.startsWith('{') ? '}' : open.startsWith('[[') ? '}]]' : ']'
    return open.repeat(count) + (closed ? `1${close.repeat(count)}` : '')
  })

/** A document of JSON: valid ones changed, texts broken, bytes spoilt, nested, noise. */
export const jsonBytes = (bases: readonly unknown[], most = 1 << 20): fc.Arbitrary<Buffer> => {
  const changed = fc
    .constantFrom(...bases)
    .chain(mutated)
    .map(text)
  return fc.oneof(
    { weight: 8, arbitrary: bytesOf(changed).map(bytes => bytes.subarray(0, most)) },
    { weight: 5, arbitrary: bytesOf(editedText(changed, most)) },
    { weight: 2, arbitrary: bytesOf(doubledKeys(changed)) },
    { weight: 1, arbitrary: deep.map(open => Buffer.from(open.slice(0, most))) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(changed, fc.nat(), deep)
        .map(deepInside)
        .map(one => Buffer.from(one.slice(0, most))),
    },
    { weight: 1, arbitrary: noise.map(bytes => bytes.subarray(0, most)) },
  )
}

/** Lines of JSON, likewise; now and then the same line very often. */
export const jsonLines = (bases: readonly unknown[], most = 1 << 20): fc.Arbitrary<Buffer> => {
  const line = fc
    .constantFrom(...bases)
    .chain(mutated)
    .map(text)
  const plain = fc.constantFrom(...bases.map(base => JSON.stringify(base)))
  const lines = fc.array(
    fc.oneof(
      line,
      plain,
      deep.map(open => open.slice(0, most >> 2)),
    ),
    { maxLength: 8 },
  )
  const some = lines.map(all => all.map(one => `${one}\n`).join(''))
  const many = fc.tuple(plain, fc.constantFrom(10, 3000)).map(([one, count]) => `${one}\n`.repeat(count).slice(0, most))
  return fc.oneof(
    { weight: 8, arbitrary: bytesOf(some).map(bytes => bytes.subarray(0, most)) },
    { weight: 4, arbitrary: bytesOf(editedText(some, most)) },
    { weight: 1, arbitrary: bytesOf(many) },
    { weight: 1, arbitrary: noise.map(bytes => bytes.subarray(0, most)) },
  )
}

function text(value: unknown): string {
  return JSON.stringify(value) ?? ''
}

/** In the place of one of its plain values. */
function deepInside([one, at, open]: [string, number, string]): string {
  const values = [...one.matchAll(/:(?:"[^"]*"|\d+|null)/g)]
  const place = values.length === 0 ? undefined : values[at % values.length]
  return place === undefined
    ? open
    : `${one.slice(0, place.index + 1)}${open}${one.slice(place.index + place[0].length)}`
}

/** JSON.parse takes the last of two; others the first. */
const doubledKeys = (texts: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(texts, fc.nat(), value).map(([one, at, other]) => {
    const keys = [...one.matchAll(/"(\w+)":/g)]
    const key = keys.length === 0 ? undefined : keys[at % keys.length]
    return key === undefined
      ? one
      : `${one.slice(0, key.index)}"${key[1]}":${text(other) || 'null'},${one.slice(key.index)}`
  })
