/** Would the hub of Hermes install these skills? */
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BUNDLE } from '../readme/texts.ts'
import { scan } from './scan.ts'

const FOLDERS = ['skills', 'dist/skills'].flatMap(place =>
  readdirSync(join(BUNDLE, place)).map(skill => `${place}/${skill}`),
)

it.each(FOLDERS)('%s trips no rule of its scanner', folder => {
  expect(scan(join(BUNDLE, folder))).toEqual([])
})

describe('dist/skills', () => {
  const folders = FOLDERS.filter(folder => folder.startsWith('dist/'))

  it('holds few files, no executable one, and little beside the program', () => {
    for (const folder of folders) {
      const files = readdirSync(join(BUNDLE, folder), { recursive: true, encoding: 'utf8' })
        .map(name => ({ name, stats: statSync(join(BUNDLE, folder, name)) }))
        .filter(({ stats }) => stats.isFile())
      expect(files.length).toBeLessThan(50)
      expect(files.filter(({ stats }) => (stats.mode & 0o111) !== 0)).toEqual([])
      expect(files.filter(({ name, stats }) => !name.endsWith('.cjs') && stats.size > 256 * 1024)).toEqual([])
      expect(files.reduce((sum, { stats }) => sum + stats.size, 0)).toBeLessThan(2 * 1024 * 1024)
    }
  })

  // The program is not scanned today. If it were: words in its messages aside, one thing in it would trip a rule. `debug`, a
  // package below mqtt, reads its own settings from the environment by computed names.
  it.each([
    ['the environment by a computed name', 1],
    ['three folders up', 0],
    ['a program started through the module', 0],
    ['exec of a literal', 0],
    ['eval of a literal', 0],
    ['the process file system', 0],
    ['sudo', 0],
    ['all interfaces', 0],
    ["other agents' instructions", 0],
    ['a secret as a literal', 0],
  ])('holds a program with %s: %i times', (rule, times) => {
    const found = scan(join(BUNDLE, 'dist/skills/status'), { all: true }).filter(finding => finding.rule === rule)
    expect(found.map(({ line }) => line)).toHaveLength(times)
  })
})

it.each([
  ['run `sudo apt-get install tmux`', 'sudo'],
  ["const { run } = await import('../../../lib/run.ts')", 'three folders up'],
  ["const home = process.env['HOME']", 'the environment by a computed name'],
  ["child_process.spawn('tmux')", 'a program started through the module'],
  ['const found = /x/.exec("text")', 'exec of a literal'],
  ['env: Env | undefined', 'env and a bar'],
  ['see /proc/self/fd', 'the process file system'],
  ['listen on 0.0.0.0:1883', 'all interfaces'],
  ['Write it into CLAUDE.md', "other agents' instructions"],
  ["token: 'abcdefghijklmnopqrstuvwxyz'", 'a secret as a literal'],
])('the scan itself finds `%s`', (line, rule) => {
  const folder = mkdtempSync(join(tmpdir(), 'as-scan-'))
  try {
    writeFileSync(join(folder, 'x.ts'), `${line}\n`)
    expect(scan(folder).map(finding => finding.rule)).toEqual([rule])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
