const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** An id is tested before it becomes part of a path or of a query: it may come from a file anyone can edit. */
export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && UUID.test(text)
}

/** Milliseconds since the epoch at which a UUIDv7 was made; undefined for other ids. */
export function uuidTimeMs(id: string): number | undefined {
  return isUuid(id) && id[14] === '7' ? Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16) : undefined
}

/** The youngest of these ids: UUIDv7 sort by the time they were made. */
export function youngest(ids: readonly string[]): string | undefined {
  return ids.toSorted().at(-1)
}
