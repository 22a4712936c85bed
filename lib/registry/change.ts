import type { Row } from './schema.ts'

/** A value that can stand in the registry: what a change may set. */
export type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain }

/** A change of the registry as values. `set` on a row is deep for maps: `{ pane: { pid: 7 } }` leaves the pane's other
 * keys as they are; lists and scalars are replaced. `unset` removes top-level keys of the row. */
export type Change =
  | { kind: 'set'; server: string; name: string; set: Record<string, Plain>; unset?: string[] }
  | { kind: 'add'; row: Row }
  | { kind: 'remove'; server: string; name: string }
