/** Options whose value is an id or a name, never a prompt or a secret. */
const KEPT_VALUES = new Set([
  '--session-id',
  '--resume',
  '-r',
  '--session',
  '-s',
  '--conversation',
  '--model',
  '-m',
  '--permission-mode',
  '--port',
])
const PLAIN_VALUE = /^[A-Za-z0-9_./:@-]{1,80}$/

/** A command line that may stand in a file others read: the program, its switches, and values that are ids. Every other
 * argument (a prompt, a token, settings) becomes `…`. */
export function safeCommand(argv: readonly string[]): string {
  const [program = '', ...rest] = argv
  const shown = [program]
  for (let i = 0; i < rest.length; i++) {
    const argument = rest[i] as string
    const [flag = '', value] = argument.split(/=(.*)/s)
    if (KEPT_VALUES.has(flag) && value !== undefined && PLAIN_VALUE.test(value)) shown.push(argument)
    else if (KEPT_VALUES.has(argument) && PLAIN_VALUE.test(rest[i + 1] ?? '')) shown.push(argument, rest[++i] as string)
    else if (/^--?[A-Za-z][A-Za-z-]{0,40}$/.test(argument)) shown.push(argument)
    else if (/^--[A-Za-z][A-Za-z-]{0,40}=/.test(argument)) shown.push(`${flag}=…`)
    else if (i === 0 && /^\/[\w./@+-]+$/.test(argument)) shown.push(argument)
    else if (shown.at(-1) !== '…') shown.push('…')
  }
  return shown.join(' ')
}
