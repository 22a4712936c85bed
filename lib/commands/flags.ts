import { parseArgs } from 'node:util'
import { CodedError, EXIT } from '#lib/system/errors.ts'

/** A command's flags: those without a value are `boolean`. */
export type Flags = Record<string, 'boolean' | 'string'>

export interface Parsed {
  has(flag: string): boolean
  text(flag: string): string | undefined
  /** Every value of a flag that may be given again. */
  all(flag: string): string[]
  /** A whole number ≥ `least`; undefined when the flag was not given. */
  count(flag: string, least: number): number | undefined
  positionals: string[]
}

/** The flags every command has. */
export const COMMON: Flags = { help: 'boolean', version: 'boolean', registry: 'string', server: 'string' }

export function usageError(message: string, example: string): CodedError {
  return new CodedError('usage', EXIT.broken, message, `Example: ${example} (--help shows everything)`)
}

/** Reads a command line. Every mistake is an error that names the flag, what was expected, and an example. */
export function parseFlags(argv: readonly string[], flags: Flags, example: string): Parsed {
  const options = Object.fromEntries(Object.entries(flags).map(([name, type]) => [name, { type }]))
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true })
  const values = new Map<string, string | true>()
  const all = new Map<string, string[]>()
  const positionals: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const type = Object.hasOwn(flags, token.name) ? flags[token.name] : undefined
    if (type === undefined) {
      const known = Object.keys(flags).map(name => `--${name}`)
      throw usageError(`unknown flag ${token.rawName}; expected one of ${known.join(' ')}`, example)
    }
    if (type === 'boolean') {
      if (token.value !== undefined) throw usageError(`${token.rawName} takes no value, got "${token.value}"`, example)
      values.set(token.name, true)
      continue
    }
    const isNextFlag = token.inlineValue !== true && token.value?.startsWith('--') === true
    if (token.value === undefined || token.value === '' || isNextFlag)
      throw usageError(`${token.rawName} needs a value, got none`, example)
    values.set(token.name, token.value)
    all.set(token.name, [...(all.get(token.name) ?? []), token.value])
  }
  const text = (flag: string): string | undefined => {
    const value = values.get(flag)
    return typeof value === 'string' ? value : undefined
  }
  return {
    has: flag => values.has(flag),
    text,
    all: flag => all.get(flag) ?? [],
    count: (flag, least) => {
      const value = text(flag)
      if (value === undefined) return undefined
      if (!/^\d{1,9}$/.test(value) || Number(value) < least)
        throw usageError(`--${flag} takes a whole number from ${least} up, got "${value}"`, example)
      return Number(value)
    },
    positionals,
  }
}
