/** A word as a POSIX shell reads it back: for lines that a person or an agent gives to one. */
export function shellWord(word: string): string {
  // Not `=`: zsh takes a word that begins with one for a program.
  return /^[A-Za-z0-9_./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** A command line that a POSIX shell reads back as these words. */
export function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(' ')
}
