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
