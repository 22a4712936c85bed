/** Names, folders and reasons are strangers' text: no control character of theirs reaches a terminal, and none that turns
 * round what is read there. */
export function visible(text: string): string {
  return turned(text.replace(/[\u0000-\u001f\u007f-\u009f]/g, char => `\\x${hex(char, 2)}`))
}

/** The same for text of several lines that we wrote around theirs. */
export function visibleLines(text: string): string {
  return text.split('\n').map(visible).join('\n')
}

/** The same for what is whole already: JSON, which leaves these characters as they are, or our own text with its colours.
 * Written so they mean the same to whoever reads the JSON. */
export function escaped(text: string): string {
  return turned(text.replace(/[\u007f-\u009f]/g, char => `\\u${hex(char, 4)}`))
}

/** Embeddings, overrides and isolates: `\u202e` shows what follows backwards. */
function turned(text: string): string {
  return text.replace(/[\u2028-\u202e\u2066-\u2069]/g, char => `\\u${hex(char, 4)}`)
}

function hex(char: string, digits: number): string {
  return char.charCodeAt(0).toString(16).padStart(digits, '0')
}
