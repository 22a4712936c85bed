import { describe, expect, it } from 'vitest'
import { parseFlags } from '#lib/commands/flags.ts'

const FLAGS = { once: 'boolean', interval: 'string' } as const
const parse = (...argv: string[]) => parseFlags(argv, FLAGS, 'x --once')

describe('a command line', () => {
  it.each([
    [['--bogus'], 'unknown flag --bogus; expected one of --once --interval'],
    [['-x'], 'unknown flag -x'],
    [['--interval'], '--interval needs a value, got none'],
    [['--interval', '--once'], '--interval needs a value, got none'],
    [['--interval='], '--interval needs a value, got none'],
    [['--once=yes'], '--once takes no value, got "yes"'],
    [['--constructor'], 'unknown flag --constructor'],
  ])('%j is refused', (argv, message) => {
    expect(() => parse(...argv)).toThrow(message)
  })

  it.each(['-5', '1.5', 'x', '0', '', '99999999999'])('a count of %j is refused', value => {
    expect(() => parse(`--interval=${value}`).count('interval', 1)).toThrow(/whole number from 1 up|needs a value/)
  })

  it('gives flags, values and names', () => {
    const flags = parse('lab', '--interval', '5', '--once')
    expect(flags.positionals).toEqual(['lab'])
    expect(flags.has('once')).toBe(true)
    expect(flags.count('interval', 1)).toBe(5)
    expect(parse().count('interval', 1)).toBeUndefined()
  })
})
