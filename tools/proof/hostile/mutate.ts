/** From what a real program leaves to what nobody expects: first the structure is changed, then the text, then the bytes. */
import fc from 'fast-check'
import { run, value, withKey, word } from './words.ts'

type Change = { at: number; kind: string; key: string; value: unknown }

const OWN = { enumerable: true, configurable: true, writable: true }

const KINDS = ['set', 'set', 'delete', 'copy', 'rename', 'wrap', 'text', 'add', 'add', 'many', 'reverse', 'swap']
const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat({ max: 10_000 }),
  kind: fc.constantFrom(...KINDS),
  key: word,
  value,
})

type Holder = Record<string, unknown> | unknown[]

/** The value with some of its parts deleted, doubled, retyped, renamed, or made many. */
export const mutated = (base: unknown): fc.Arbitrary<unknown> =>
  fc.array(change, { maxLength: 4 }).map(changes => {
    let top: { top: unknown } = { top: base }
    for (const one of changes) {
      // A copy each time: no part stands in two places, none holds itself.
      top = { top: copied(top.top) }
      apply(top, one)
    }
    return copied(top.top)
  })

const MOST_PARTS = 12_000

/** The same value with parts of its own, at most so many; keys that mean something to JavaScript stay keys. */
function copied(value: unknown, left = { parts: MOST_PARTS }): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (--left.parts < 0) return null
  if (Array.isArray(value)) return value.map(inner => copied(inner, left))
  const copy: object = {}
  for (const [key, inner] of Object.entries(value))
    Object.defineProperty(copy, key, { ...OWN, value: copied(inner, left) })
  return copy
}

function apply(top: { top: unknown }, { at, kind, key, value }: Change): void {
  const places = placesIn(top)
  const [holder, name] = places[at % places.length] as [Holder, string]
  const old = (holder as Record<string, unknown>)[name]
  const set = (to: unknown) => Object.defineProperty(holder, name, { ...OWN, value: to })
  if (kind === 'set') set(copied(value))
  else if (kind === 'text') set(typeof old === 'object' ? JSON.stringify(old) : [old])
  else if (kind === 'wrap') set({ [key === '__proto__' ? 'a' : key]: old })
  else if (kind === 'many') set(Array.from({ length: at % 7 === 0 ? 2000 : 20 }, () => old))
  else if (kind === 'add') set(withKey(key, copied(value), typeof old === 'object' && old !== null ? old : {}))
  else if (kind === 'reverse' && Array.isArray(old)) old.reverse()
  else if (kind === 'swap')
    set(copied((places[(at * 7) % places.length]?.[0] as Record<string, unknown>)?.['type'] ?? null))
  else if (holder === top) set(copied(value))
  else if (Array.isArray(holder)) kind === 'delete' ? holder.splice(Number(name), 1) : holder.push(old)
  else {
    if (kind !== 'copy') Reflect.deleteProperty(holder, name)
    if (kind !== 'delete') Object.defineProperty(holder, key, { ...OWN, value: old })
  }
}

/** Every place that holds a value, at most so many. */
function placesIn(top: Holder): [Holder, string][] {
  const places: [Holder, string][] = []
  const queue: Holder[] = [top]
  for (let at = 0; at < queue.length && places.length < 500; at++)
    for (const [key, inner] of Object.entries(queue[at] as Holder)) {
      places.push([queue[at] as Holder, key])
      if (typeof inner === 'object' && inner !== null && queue.length < 200) queue.push(inner as Holder)
    }
  return places
}

type Edit = { at: number; kind: string; piece: string; size: number }

const EDITS = [
  'insert',
  'insert',
  'replace',
  'delete',
  'truncate',
  'double',
  'swap',
  'crlf',
  'bom',
  'tabs',
  'number',
  'run',
]
const edit = (most: number): fc.Arbitrary<Edit> =>
  fc.record({
    at: fc.nat({ max: 1 << 20 }),
    kind: fc.constantFrom(...EDITS),
    piece: fc.oneof({ weight: 6, arbitrary: word }, { weight: 1, arbitrary: run(most) }),
    size: fc.integer({ min: 1, max: 60 }),
  })

/** A text of `most` characters at the most, with pieces put in, taken out, doubled, swapped, cut off. */
export const editedText = (base: fc.Arbitrary<string>, most: number): fc.Arbitrary<string> =>
  fc
    .tuple(base, fc.array(edit(most), { maxLength: 3 }))
    .map(([text, edits]) => edits.reduce(editOnce, text).slice(0, most))

function editOnce(text: string, { at, kind, piece, size }: Edit): string {
  const place = at % (text.length + 1)
  const lines = () => text.split('\n')
  if (kind === 'insert' || kind === 'run') return text.slice(0, place) + piece + text.slice(place)
  if (kind === 'replace') return text.slice(0, place) + piece + text.slice(place + size)
  if (kind === 'delete') return text.slice(0, place) + text.slice(place + size)
  if (kind === 'truncate') return text.slice(0, place)
  if (kind === 'crlf') return text.replaceAll('\n', '\r\n')
  if (kind === 'bom') return `\ufeff${text}`
  if (kind === 'tabs') return text.replaceAll('  ', '\t')
  if (kind === 'number')
    return text.replace(/\d+/g, (digits, offset: number) => (offset % 3 === at % 3 ? piece : digits))
  const all = lines()
  const line = at % all.length
  if (kind === 'double') all.splice(line, 0, all[line] as string)
  else [all[line], all[size % all.length]] = [all[size % all.length] as string, all[line] as string]
  return all.join('\n')
}

/** Bytes of a text, now and then with some that are no UTF-8, cut within a character, or with something in between. */
export const bytesOf = (text: fc.Arbitrary<string>): fc.Arbitrary<Buffer> =>
  fc
    .tuple(
      text,
      fc.option(
        fc.tuple(fc.nat(), fc.constantFrom([0xff], [0xc3], [0xe2, 0x82], [0], [0xed, 0xa0, 0x80], [0xf8, 0x88])),
        {
          freq: 5,
        },
      ),
    )
    .map(([content, extra]) => {
      const bytes = Buffer.from(content)
      if (extra === null) return bytes
      const at = extra[0] % (bytes.length + 1)
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(extra[1]), bytes.subarray(at)])
    })

/** No structure at all. */
export const noise: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ maxLength: 400 }).map(bytes => Buffer.from(bytes)),
  fc.string({ unit: 'binary', maxLength: 200 }).map(text => Buffer.from(text)),
  run(1 << 20).map(text => Buffer.from(text)),
)

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
