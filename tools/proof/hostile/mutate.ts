/** From what a real program leaves to what nobody expects: its structure is changed. */
import fc from 'fast-check'
import { value, withKey, word } from './words.ts'

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

/** The value with some of its parts deleted, doubled, retyped, renamed, or made many; as often changed so that most readers
 * still take it: what reads it further is to be tried, too. */
export const mutated = (base: unknown): fc.Arbitrary<unknown> => fc.oneof(changed(base, change), gentle(base))

/** Texts of its own become others, and keys that nobody knows are added. */
export const gentle = (base: unknown): fc.Arbitrary<unknown> =>
  changed(
    base,
    fc.record({ at: fc.nat({ max: 10_000 }), kind: fc.constantFrom('word', 'word', 'extra'), key: word, value }),
  )

const changed = (base: unknown, one: fc.Arbitrary<Change>): fc.Arbitrary<unknown> =>
  fc.array(one, { maxLength: 4 }).map(changes => {
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
  if (kind === 'word') {
    if (typeof old === 'string') set(key)
  } else if (kind === 'extra') extra(old, key, value)
  else if (kind === 'set') set(copied(value))
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

/** Not in the place of a key that is there: that would be no longer what it was. */
function extra(holder: unknown, key: string, value: unknown): void {
  if (typeof holder !== 'object' || holder === null || Array.isArray(holder)) return
  const free = Object.hasOwn(holder, key) ? `x_${key}` : key
  Object.defineProperty(holder, free, { ...OWN, value: copied(value) })
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
