/** A job's news as it travels: JSON with a signature made with the job's secret. */

export const MAX_PAYLOAD = 65_536

/** As it stands in the payload. Unknown fields are kept: they are signed, too. */
export interface WireEvent {
  job_id: string
  event: string
  /** ISO, milliseconds, Z. */
  at: string
  emitter: string
  seq: number
  session: string
  server: string
  host: string | null
  summary?: string
  data?: unknown
  sig?: string
  [more: string]: unknown
}

export type ReadEvent = { event: WireEvent; raw: Record<string, unknown> } | { refused: string }

/** The one text that is signed for a value. */
export function canonical(_value: unknown): string {
  throw new Error('not built yet')
}

/** The payload: the fields and their signature. */
export function signEvent<T extends Omit<WireEvent, 'sig'>>(_fields: T, _secret: string): T & { sig: string } {
  throw new Error('not built yet')
}

/** Reads what came from a broker. Nothing is believed yet: that takes `isSignedBy`. */
export function readEvent(
  _topic: string,
  _payload: Uint8Array,
  _about: { prefix: string; retain: boolean },
): ReadEvent {
  throw new Error('not built yet')
}

/** Was it signed with this secret? */
export function isSignedBy(_raw: Record<string, unknown>, _secret: string): boolean {
  throw new Error('not built yet')
}
