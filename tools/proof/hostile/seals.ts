/** What must be as it was once an input was read: the folder, and what every object inherits. */
import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { POLLUTED } from './border.ts'

/** Everything below a folder, by path: kind, mode, times and bytes. */
export function sealOf(folder: string, prefix = ''): Map<string, string> {
  const seal = new Map<string, string>()
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const stats = lstatSync(path, { bigint: true })
    const held =
      stats.isFile() && stats.size < 64 << 20
        ? createHash('sha1').update(readFileSync(path)).digest('hex')
        : stats.isSymbolicLink()
          ? readlinkSync(path)
          : ''
    seal.set(prefix + name, `${stats.mode} ${stats.ino} ${stats.mtimeNs} ${stats.ctimeNs} ${held}`)
    if (stats.isDirectory()) for (const [below, what] of sealOf(path, `${prefix}${name}/`)) seal.set(below, what)
  }
  return seal
}

/** What is not as it was, in words; undefined when all is. */
export function brokenSeal(before: Map<string, string>, after: Map<string, string>): string | undefined {
  for (const [name, what] of after) {
    if (!before.has(name)) return `${JSON.stringify(name)} appeared`
    if (before.get(name) !== what) return `${JSON.stringify(name)} was changed`
  }
  const gone = [...before.keys()].find(name => !after.has(name))
  return gone === undefined ? undefined : `${JSON.stringify(gone)} is gone`
}

const SHARED: Record<string, object> = {
  'Object.prototype': Object.prototype,
  'Array.prototype': Array.prototype,
  'Function.prototype': Function.prototype,
  'String.prototype': String.prototype,
  'Number.prototype': Number.prototype,
  'RegExp.prototype': RegExp.prototype,
  'Map.prototype': Map.prototype,
  'Error.prototype': Error.prototype,
  Object,
  Array,
}
const asItWas = new Map<object, Map<PropertyKey, unknown>>()
for (const object of Object.values(SHARED)) asItWas.set(object, ownValues(object))

function ownValues(object: object): Map<PropertyKey, unknown> {
  const entries = Object.entries(Object.getOwnPropertyDescriptors(object))
  return new Map(entries.map(([key, descriptor]) => [key, descriptor.value ?? descriptor.get]))
}

/** Which of the shared objects was changed, in words; undefined when none. What was added is taken away again. */
export function pollution(): string | undefined {
  let found: string | undefined
  for (const [name, object] of Object.entries(SHARED)) {
    const before = asItWas.get(object) as Map<PropertyKey, unknown>
    for (const [key, value] of ownValues(object)) {
      if (before.has(key) && before.get(key) === value) continue
      found ??= `${name}.${String(key)} was ${before.has(key) ? 'changed' : 'added'}`
      if (!before.has(key)) Reflect.deleteProperty(object, key)
    }
  }
  return found
}

const MOST_VALUES = 20_000

/** Where a value inherits what only a hostile key can have put there; undefined when nowhere. */
export function leakIn(top: unknown): string | undefined {
  const seen = new Set<object>()
  const queue: [string, unknown][] = [['value', top]]
  for (let at = 0; at < queue.length && at < MOST_VALUES; at++) {
    const [path, value] = queue[at] as [string, unknown]
    if (typeof value !== 'object' || value === null || seen.has(value) || ArrayBuffer.isView(value)) continue
    seen.add(value)
    if (POLLUTED in value && !Object.hasOwn(value, POLLUTED)) return `${path} inherits "${POLLUTED}"`
    const inner = value instanceof Map ? [...value] : Object.entries(value)
    for (const [key, below] of inner.slice(0, 2000)) queue.push([`${path}.${String(key).slice(0, 20)}`, below])
  }
  return undefined
}
