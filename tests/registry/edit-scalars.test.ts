import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDocument } from 'yaml'
import type { Plain } from '#lib/registry/change.ts'
import { entryLines, flowText, textScalar } from '#lib/registry/scalar-text.ts'

// biome-ignore format: a table
const MISREAD = [
  '2026-11-21T02:39:33Z', '2026-11-21', '2026-1-2 3:4:5', 'no', 'No', 'y', 'Y', 'on', 'OFF', 'true', 'TRUE', 'null', 'Null', '~', '', '12:30:45', '1:30.5', '1_000', '017', '08', '0o17', '0b11', '0x1F', '1e3', '1.5',
  '1.', '.5', '+1', '-1', '-0', '1e+21', '.inf', '-.Inf', '.NaN', '=', '<<', '12345678901234567890', '- a', '-', '---', '...', '? a', ': a', 'a: b', 'a:', 'a #b', '#a', '&a', '*a', '!a', '%a', '@a', '`a', '|', '>', '[a', '{a',
  ']', '}', ',a', "'a", '"a', ' a', 'a ', 'a\tb', '\ta', 'a\nb', 'a\r\nb', '\n', '\u0007', '\u007f', '\u0085', '\u2028', '\ufeffa', '\uffff', '\u0000',
]
// biome-ignore format: a table
const AS_IT_IS = [
  'running', 'a b', "it's", 'say "x"', 'a:b', 'a#b', '/home/u', '~/x', '(unknown)', '$3', 'claude --x -y', '2.1.197', '3f2a9b1c-0123-4567-89ab-0123456789ab', '78e51061-7311-d8a3-c2ce-6f447ed4d57b', 'é 😀', 'a\\b', 'yes!',
]

/** What PyYAML reads, or undefined where it is not installed. */
function pyYaml(text: string): unknown {
  const script = 'import sys, json, yaml; json.dump(yaml.safe_load(sys.stdin.buffer.read()), sys.stdout)'
  const { status, stdout, stderr } = spawnSync('python3', ['-c', script], { input: text, encoding: 'utf8' })
  if (status === 0) return JSON.parse(stdout)
  if (status === null || stderr.includes("No module named 'yaml'")) return undefined
  throw new Error(stderr)
}
const hasPyYaml = pyYaml('a: 1\n') !== undefined
if (!hasPyYaml) process.stderr.write('PyYAML is not installed: only the yaml library reads these texts\n')

/** Holds what is written against both readers, in block and in flow style. */
function expectSame(value: { [key: string]: Plain }): void {
  for (const text of [`${entryLines('top', value, 0, 0).join('\n')}\n`, `top: ${flowText(value)}\n`]) {
    const document = parseDocument(text)
    expect([...document.errors, ...document.warnings]).toEqual([])
    expect(document.toJS()).toEqual({ top: value })
    if (hasPyYaml) expect(pyYaml(text)).toEqual({ top: value })
  }
}

describe('a text that is written', () => {
  it('is quoted where a reader of YAML 1.1 or 1.2 would take it for something else', () => {
    expect(MISREAD.filter(text => textScalar(text) === text)).toEqual([])
    expectSame(Object.fromEntries(MISREAD.map((text, i) => [`k${i}`, text])))
    expectSame({ list: MISREAD })
  })

  it('is left plain where no reader would', () => {
    expect(AS_IT_IS.filter(text => textScalar(text) !== text)).toEqual([])
    expectSame(Object.fromEntries(AS_IT_IS.map((text, i) => [`k${i}`, text])))
  })

  it.each(['plain', 'single', 'double'] as const)('can stand in %s quotes', quotes => {
    const lines = [...MISREAD, ...AS_IT_IS].map((text, i) => `k${i}: ${textScalar(text, quotes)}\n`).join('')
    const meant = Object.fromEntries([...MISREAD, ...AS_IT_IS].map((text, i) => [`k${i}`, text]))
    expect(parseDocument(lines).toJS()).toEqual(meant)
    if (hasPyYaml) expect(pyYaml(lines)).toEqual(meant)
  })

  it('is never folded', () => {
    expect(textScalar('word '.repeat(100).trim())).not.toContain('\n')
    expect(textScalar(`${'word '.repeat(100)}"`, 'double')).not.toContain('\n')
  })

  it('is any text at all, as value and as key', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string(),
      fc.string({ unit: fc.constantFrom(...'0123456789_-+.:eExobTZ nay~#\'"[]{}, \n\\') }),
    )
    const [value] = fc.sample(
      fc.dictionary(
        text.filter(key => key !== '__proto__' && key !== '<<'),
        text,
        { minKeys: 500, maxKeys: 500, size: 'max' },
      ),
      { numRuns: 1, seed: 5 },
    )
    expectSame(value ?? {})
  })
})

describe('other values that are written', () => {
  it('are read by both as they were', () => {
    expectSame({
      numbers: [0, -1, 1.5, 1e21, 1.5e-7, 1e-7, 123456789012345, -2.5e300],
      flags: [true, false, null],
      empty: [[], {}],
      nested: { list: [['a', ['b']], { c: [1], d: { e: [] } }], map: { x: { y: 'z' } } },
    })
  })
})
