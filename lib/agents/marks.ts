/** Pieces of patterns for screens. Every repetition takes a whole line or is bounded, so that no screen is slow to search. */
import type { ScreenMark } from './types.ts'

/** The rest of a line. */
export const LINE = '[^\\n]*'
/** The end of the screen. */
export const END = '(?![\\s\\S])'

/** What follows stands on this line or at most so many below. */
export const within = (lines: number) => `(?:${LINE}\\n){0,${lines}}?${LINE}`

/** The rest of this line, at most so many more, and then the end of the screen. */
export const toEnd = (lines: number) => `${LINE}(?:\\n${LINE}){0,${lines}}${END}`

/** `^` is the start of a line in a mark's pattern. */
export function mark(
  state: ScreenMark['state'],
  detail: string | undefined,
  pattern: string,
  source: string,
): ScreenMark {
  return { state, ...(detail === undefined ? {} : { detail }), pattern: new RegExp(pattern, 'm'), source }
}
