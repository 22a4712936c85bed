/** Reading a command line as the process shows it: arguments, never a text to be split. */

/** The value of the last of these flags, given as `--flag value` or `--flag=value`. What stands behind `--` is no flag. */
export function flagValue(args: readonly string[], names: readonly string[]): string | undefined {
  let value: string | undefined
  for (let at = 1; at < args.length; at++) {
    const arg = args[at] as string
    if (arg === '--') break
    if (names.includes(arg)) value = args[at + 1]
    else
      for (const name of names)
        if (name.startsWith('--') && arg.startsWith(`${name}=`)) value = arg.slice(name.length + 1)
  }
  return value
}

/** Does one of these flags stand there, with or without a value? */
export function hasFlag(args: readonly string[], name: string): boolean {
  const end = args.indexOf('--')
  return args.some((arg, at) => at > 0 && (end < 0 || at < end) && (arg === name || arg.startsWith(`${name}=`)))
}

const INTERPRETER = /^(?:node|nodejs|bun|deno|ruby|perl|python[\d.]*)$/
const SHELL = /^(?:sh|bash|dash|zsh|fish|ash|ksh|mksh|tcsh|csh|nu|pwsh|busybox)$/
/** Flags of node whose value is an argument of its own, and those after which no script follows. */
const WITH_VALUE = new Set(['-r', '--require', '--import', '--loader', '--experimental-loader', '-C', '--conditions'])
const WITHOUT_SCRIPT = new Set(['-e', '--eval', '-p', '--print', '-c', '-m'])

export function isShell(program: string): boolean {
  return SHELL.test(program)
}

export function isInterpreter(program: string): boolean {
  return INTERPRETER.test(program)
}

/** The last part of a path; a login shell's leading dash is taken off. */
export function programName(path: string | undefined): string {
  if (path === undefined) return ''
  const name = path.slice(path.lastIndexOf('/') + 1)
  return name.startsWith('-') ? name.slice(1) : name
}

/** The index of the script among an interpreter's arguments; -1 when it runs none (`node -e …`). */
export function scriptIndex(args: readonly string[]): number {
  for (let at = 1; at < args.length; at++) {
    const arg = args[at] as string
    if (WITHOUT_SCRIPT.has(arg)) return -1
    if (WITH_VALUE.has(arg)) at++
    else if (arg === 'run' && /^(?:bun|deno)$/.test(programName(args[0]))) continue
    else if (!arg.startsWith('-')) return at
  }
  return -1
}
