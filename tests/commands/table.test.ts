import { describe, expect, it } from 'vitest'
import { fitted, narrowed, shortAge, table } from '#lib/commands/table.ts'

const RED = '\u001b[31m'
const OFF = '\u001b[39m'

describe('a drawing on a terminal', () => {
  it('has columns as wide as their widest cell, colours not counted', () => {
    expect(
      table([
        ['a', 'b'],
        [`${RED}long${OFF}`, 'c'],
      ]),
    ).toBe(`a     b\n${RED}long${OFF}  c`)
  })

  it('is cut to its width, with colours whole and ended', () => {
    expect(fitted('abcdef', 4, 10)).toBe('abc…\n')
    expect(fitted(`${RED}abcdef${OFF}`, 4, 10)).toBe(`${RED}abc…\u001b[0m\n`)
    expect(fitted('abcd', 4, 10)).toBe('abcd\n')
  })

  it('is left whole in a pipe, and on a terminal that was never told its size', () => {
    expect(narrowed('abcdef', undefined)).toBe('abcdef')
    expect(fitted('abcdef\nb\nc', 0, 0)).toBe('abcdef\nb\nc\n')
  })

  it('is cut to its height, keeps the head and says how much is missing', () => {
    expect(fitted('h\n1\n2\n3\n4', 9, 4)).toBe('h\n1\n… 3 more\n')
    expect(fitted('h\n1\n2', 9, 4)).toBe('h\n1\n2\n')
  })

  it.each([
    [null, '-'],
    [59, '59s'],
    [60, '1m'],
    [7200, '2h'],
    [200_000, '2d'],
  ])('an age of %s is %s', (seconds, expected) => {
    expect(shortAge(seconds)).toBe(expected)
  })
})
