/** Names, folders and reasons are strangers' text: no control character of theirs reaches a terminal. */
export function visible(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, char => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/** The same for text of several lines that we wrote around theirs. */
export function visibleLines(text: string): string {
  return text.split('\n').map(visible).join('\n')
}
