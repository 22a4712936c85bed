/** Making Gemini CLI (0.61.0, run) take any text for a prompt, and reading its record back. It trims what it is given. */

/** Takes no room on the screen. What begins with `/` is a command, also behind white space or U+200B; behind this it is not. */
const JOINER = '\u2060'

export function geminiPrompt(text: string): string {
  const trimmed = text.trim()
  const isCommand = trimmed.startsWith('/')
  // A backslash makes Enter a line break; behind `@` Enter takes a completion, which changes the text.
  const holdsEnter = /(?:\\|@\S*)$/.test(trimmed)
  return `${isCommand ? JOINER : ''}${trimmed}${holdsEnter ? ' ' : ''}`
}

/** What the user wrote of what was recorded. */
export function typedBy(recorded: string): string {
  return recorded.startsWith(`${JOINER}/`) ? recorded.slice(JOINER.length) : recorded
}
