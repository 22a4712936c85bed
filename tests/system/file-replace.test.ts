import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { replaceFile, sweepLeftovers } from '#lib/system/file-replace.ts'
import { readWhole } from '#lib/system/files.ts'
import { thisProcess } from '#lib/system/lock-self.ts'
import { ownFolder, start } from './workers.ts'

const folder = ownFolder()
let n = 0
function own(): string {
  const at = join(folder.path, `${++n}`)
  mkdirSync(at)
  return at
}
const bytes = (text: string) => Buffer.from(text)

test('a file is replaced whole, with its mode whatever the umask, and nothing else stays', () => {
  const at = own()
  const old = process.umask(0o077)
  try {
    expect(replaceFile(join(at, 'x'), bytes('new'), { mode: 0o664 })).toBe(true)
  } finally {
    process.umask(old)
  }
  expect(readFileSync(join(at, 'x'), 'utf8')).toBe('new')
  expect(statSync(join(at, 'x')).mode & 0o777).toBe(0o664)
  expect(readdirSync(at)).toEqual(['x'])
})

test('the temporary file is never wider open than the file, and is complete before the last question', () => {
  const at = own()
  writeFileSync(join(at, 'x'), 'old')
  const beforeRename = () => {
    const [name = ''] = readdirSync(at).filter(file => file !== 'x')
    expect(name).toMatch(new RegExp(`^\\.x\\.${process.pid}\\.\\d+\\.\\d+\\.tmp$`))
    expect(statSync(join(at, name)).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(at, name), 'utf8')).toBe('new')
    expect(readFileSync(join(at, 'x'), 'utf8')).toBe('old')
    return false
  }
  expect(replaceFile(join(at, 'x'), bytes('new'), { mode: 0o600, beforeRename })).toBe(false)
  expect(readFileSync(join(at, 'x'), 'utf8')).toBe('old')
  expect(readdirSync(at)).toEqual(['x'])
})

test('leftovers of dead writers are swept, anything else stays', async () => {
  const at = own()
  const dead = start('true', [])
  await dead.ended
  const { pid, start: began } = thisProcess()
  const swept = [`.x.${dead.pid}.1.1.tmp`, `.x.${pid}.${Number(began) + 1}.7.tmp`]
  const kept = [
    `.x.${pid}.${began}.1.tmp`,
    '.x.swp',
    '.x.tmp',
    'x.tmp',
    `.x.${dead.pid}.tmp`,
    `.x.${dead.pid}.1.1.tmp~`,
    `.xy.${dead.pid}.1.1.tmp`,
    `.x.bak.${dead.pid}.1.1.tmp`,
    'x',
  ]
  for (const name of [...swept, ...kept]) writeFileSync(join(at, name), '')
  mkdirSync(join(at, `.x.${dead.pid}.1.9.tmp`))
  expect(sweepLeftovers(join(at, 'x')).sort()).toEqual(swept.sort())
  expect(readdirSync(at).sort()).toEqual([...kept, `.x.${dead.pid}.1.9.tmp`].sort())
})

test('a pipe in the place of a file is refused, not waited for', async () => {
  const path = join(own(), 'pipe')
  await start('mkfifo', [path]).ended
  expect(existsSync(path)).toBe(true)
  expect(() => readWhole(path, () => undefined)).toThrow('is not a plain file')
})

test('a size that is refused is refused before the file is read', () => {
  const path = join(own(), 'big')
  writeFileSync(path, '12345')
  const refuse = (size: number) => {
    throw new Error(`refused ${size}`)
  }
  expect(() => readWhole(path, refuse)).toThrow('refused 5')
})
