import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { archivedRows } from '#lib/registry/archive.ts'
import { pruneRegistry } from '#lib/registry/prune.ts'
import { ownFolder } from '../system/workers.ts'
import { registryIn, trace } from './store-files.ts'

const folder = ownFolder()
const NOW = 1_800_000_000
const options = { olderThanSec: 100, nowSec: NOW }

const OLD = `- name: old # a word about it
  status: terminated
  terminated_at: "2027-01-15T07:56:40Z"
  terminated_at_epoch: ${NOW - 200}
  unknown: {a: [1, 2]}
`
const KEPT = `tmux_sessions:
- name: runs
  status: running
  terminated_at_epoch: ${NOW - 500}
`
const MORE = `# about young
- name: young
  status: terminated
  terminated_at_epoch: ${NOW - 100}
- name: stopped
  status: stopped
  terminated_at_epoch: ${NOW - 500}
- name: undated
  status: archived
- name: working
  status: terminated
  terminated_at_epoch: ${NOW - 500}
  op: {kind: resume, pid: 1, pid_start: '1', at: 1}
`
const TEXT = KEPT + OLD + MORE

function archiveOf(path: string): string {
  return join(dirname(path), 'agent-sessions.archive.yaml')
}

test('only terminated and archived rows that ended long ago go, with their comments; the rest keeps its bytes', async () => {
  const path = registryIn(folder.path, TEXT)
  const pruned = await pruneRegistry(path, options)
  expect(pruned).toEqual({
    moved: [{ server: 'default', name: 'old', status: 'terminated', terminated_at_epoch: NOW - 200 }],
    undated: [{ server: 'default', name: 'undated' }],
    refused: [],
    archive: archiveOf(path),
    warnings: [],
  })
  expect(readFileSync(path, 'utf8')).toBe(KEPT + MORE)
  const archive = readFileSync(archiveOf(path), 'utf8')
  expect(archive).toContain('# a word about it')
  expect(parse(archive)).toEqual({ tmux_sessions: parse(OLD) })
  expect(statSync(archiveOf(path)).mode & 0o777).toBe(0o600)
})

test('a dry run says the same and makes nothing', async () => {
  const path = registryIn(folder.path, TEXT)
  const before = trace(path)
  const dry = await pruneRegistry(path, { ...options, dryRun: true })
  expect(trace(path)).toBe(before)
  expect(existsSync(archiveOf(path)) || existsSync(`${path}.lock`)).toBe(false)
  expect(await pruneRegistry(path, options)).toEqual(dry)
})

test('where nothing is old enough nothing is written', async () => {
  const path = registryIn(folder.path, TEXT)
  const before = trace(path)
  await pruneRegistry(path, { ...options, olderThanSec: 10_000 })
  expect(trace(path)).toBe(before)
  expect(existsSync(archiveOf(path))).toBe(false)
})

test('after a crash between archive and registry the rerun moves the row and does not archive it twice', async () => {
  const path = registryIn(folder.path, TEXT)
  await pruneRegistry(path, options)
  writeFileSync(path, TEXT)
  await pruneRegistry(path, options)
  expect(readFileSync(path, 'utf8')).toBe(KEPT + MORE)
  expect(archivedRows(readFileSync(archiveOf(path), 'utf8'), 'x')).toHaveLength(1)
})

test('a name that ended again is archived again', async () => {
  const path = registryIn(folder.path, TEXT)
  await pruneRegistry(path, options)
  writeFileSync(path, TEXT.replace(`${NOW - 200}`, `${NOW - 150}`))
  await pruneRegistry(path, options)
  const rows = parse(readFileSync(archiveOf(path), 'utf8')).tmux_sessions
  expect(rows.map((row: { terminated_at_epoch: number }) => row.terminated_at_epoch)).toEqual([NOW - 200, NOW - 150])
})

test.each([
  { what: 'indented', text: '# mine\ntmux_sessions:\n  - name: a\n    status: archived\n', head: 1 },
  { what: 'without a last line break', text: 'tmux_sessions:\n- name: a\n  status: archived', head: 1 },
  { what: 'with CRLF', text: 'tmux_sessions:\r\n- name: a\r\n  status: archived\r\n', head: 1 },
  { what: 'of an empty list', text: 'tmux_sessions: [] # none\n', head: 0 },
  { what: 'of no list', text: 'note: mine\n', head: 0 },
  { what: 'empty', text: '', head: 0 },
])('an archive $what is added to and what it holds stays', async ({ text, head }) => {
  const path = registryIn(folder.path, TEXT)
  writeFileSync(archiveOf(path), text)
  await pruneRegistry(path, options)
  const after = readFileSync(archiveOf(path), 'utf8')
  expect(parse(after).tmux_sessions).toHaveLength(head + 1)
  expect(parse(after).tmux_sessions.at(-1)).toEqual(parse(OLD)[0])
  if (head > 0) expect(after.startsWith(text)).toBe(true)
  if (text.includes('\r\n')) expect(after.replaceAll('\r\n', '')).not.toContain('\n')
})

test.each([
  'tmux_sessions: 7\n',
  '- a\n',
  'tmux_sessions: [\n',
  'tmux_sessions: [{name: a}]\n',
  'tmux_sessions:\n- name: a\nnote: after the list\n',
])('an archive that cannot be added to for sure (%j) stops it before anything is moved', async text => {
  const path = registryIn(folder.path, TEXT)
  writeFileSync(archiveOf(path), text)
  await expect(pruneRegistry(path, options)).rejects.toMatchObject({ code: 'archive-broken', exit: 2 })
  expect(readFileSync(path, 'utf8')).toBe(TEXT)
  expect(readFileSync(archiveOf(path), 'utf8')).toBe(text)
})

test('a row that cannot be taken out is not archived either, and named', async () => {
  const anchored = OLD.replace('unknown: {a: [1, 2]}', 'unknown: &it {a: 1}').replace('name: old', 'name: tied')
  const path = registryIn(folder.path, `${TEXT}${anchored}other: *it\n`)
  const pruned = await pruneRegistry(path, options)
  expect(pruned.refused).toMatchObject([{ name: 'tied' }])
  expect(pruned.moved.map(row => row.name)).toEqual(['old'])
  expect(readFileSync(path, 'utf8')).toBe(`${KEPT}${MORE}${anchored}other: *it\n`)
})

test('values that readers of YAML 1.1 would take for a date or a boolean are quoted in the archive too', async () => {
  const path = registryIn(
    folder.path,
    `${TEXT}- {name: 'no', status: archived, terminated_at_epoch: 1, x: "12:30:45"}\n`,
  )
  await pruneRegistry(path, options)
  expect(readFileSync(archiveOf(path), 'utf8')).toMatch(/name: ['"]no['"].*x: ['"]12:30:45['"]/s)
})
