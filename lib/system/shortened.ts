/** A text that may quote a stranger's file, for an error: a key of a megabyte says no more than its beginning. */
export function shortened(text: string, most = 400): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}
