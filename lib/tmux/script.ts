/** A tmux command as a line for `source-file -`: unlike a command line it is nobody else's to read (values of the agent's
 * environment may be secrets) and may be longer than the 16 KB a client can send. */

/** One argument as tmux's parser reads it back: in double quotes, every byte that could mean something as an octal escape
 * (tmux 3.2 and newer; tried on 3.3a with quotes, newlines, `#`, `;`, `$`). Throws on NUL, which no argument can hold. */
export function quoted(argument: string): string {
  if (argument.includes('\0')) throw new Error('an argument of tmux cannot hold a NUL')
  let text = ''
  for (const byte of Buffer.from(argument)) {
    const char = String.fromCharCode(byte)
    text += /[A-Za-z0-9_./=,:@%+-]/.test(char) ? char : `\\${byte.toString(8).padStart(3, '0')}`
  }
  return `"${text}"`
}

/** Commands that run one after the other; the first that fails ends the line. */
export function scriptLine(commands: readonly (readonly string[])[]): string {
  return `${commands.map(words => words.map(quoted).join(' ')).join(' ; ')}\n`
}

/** A path for tmux's `-c`, which is a format: `#(…)` in it would run. */
export function asFormat(path: string): string {
  return path.replaceAll('#', '##')
}
