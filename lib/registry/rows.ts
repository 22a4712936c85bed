import type { Registry, Row } from './schema.ts'

/** A row is known by its tmux server and name; as one string, for maps. NUL occurs in neither. */
export function rowKey(server: string, name: string): string {
  return `${server}\0${name}`
}

/** The `-L` name of the row's tmux server. */
export function serverOf(row: Row): string {
  return row.tmux_server ?? 'default'
}

export function keyOf(row: Row): string {
  return rowKey(serverOf(row), row.name)
}

export function rowsOf(registry: Registry): Row[] {
  return registry.tmux_sessions ?? []
}

export interface Place {
  server: string
  name: string
}

export function placeOf(row: Row): Place {
  return { server: serverOf(row), name: row.name }
}

/** What a person means by a session's name: whatever has this very name, else what is at `server:name`, as status shows it.
 * The two cannot be confused: tmux makes `_` of a colon in a name. */
export function meantBy<T>(given: string, items: readonly T[], placeOfItem: (item: T) => Place): T[] {
  const named = items.filter(item => placeOfItem(item).name === given)
  if (named.length > 0 || !given.includes(':')) return named
  return items.filter(item => {
    const { server, name } = placeOfItem(item)
    return `${server}:${name}` === given
  })
}
