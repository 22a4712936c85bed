import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { logActions, logChanges } from '#lib/registry/actions-log.ts'
import type { Change } from '#lib/registry/change.ts'
import { placesOf } from '#lib/registry/workspace.ts'
import { ownFolder } from '../system/workers.ts'
import { registryIn } from './store-files.ts'

const folder = ownFolder()

function lines(path: string): Record<string, unknown>[] {
  const text = readFileSync(path, 'utf8')
  expect(text.endsWith('\n')).toBe(true)
  return text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
}

test('each change gets the reasons that are about it, and no other row’s', () => {
  const places = placesOf(registryIn(folder.path))
  const changes: Change[] = [
    { kind: 'set', server: 'default', name: 'lab', set: { status: 'terminated' } },
    { kind: 'set', server: 'default', name: 'lab-2', set: { claude_session_id_own: 'ID' } },
    { kind: 'add', row: { name: 'new', status: 'running' } },
    { kind: 'remove', server: 's', name: 'gone' },
  ]
  const why = () => ['terminated: lab', 'updated session id: ID', 'registered: new']
  expect(logChanges(places, changes, why)).toEqual([])
  expect(lines(places.actionsLog)).toMatchObject([
    { what: { kind: 'set', name: 'lab' }, why: 'terminated: lab' },
    { what: { kind: 'set', name: 'lab-2' }, why: 'updated session id: ID' },
    { what: { kind: 'add', server: 'default', name: 'new', status: 'running' }, why: 'registered: new' },
    { what: { kind: 'remove', server: 's', name: 'gone' }, why: '' },
  ])
  expect(statSync(places.actionsLog).mode & 0o777).toBe(0o600)
})

test('a log that has grown to 1 MB makes room, and no line is lost', () => {
  const places = placesOf(registryIn(folder.path))
  const { actionsLog } = places
  writeFileSync(actionsLog, `${JSON.stringify({ old: 'x'.repeat(999_980) })}\n`)
  logActions(places, [{ what: { n: 1 }, why: 'a' }])
  logActions(places, [{ what: { n: 2 }, why: 'b' }])
  expect(lines(`${actionsLog}.1`).at(-1)).toMatchObject({ what: { n: 1 } })
  expect(lines(actionsLog)).toMatchObject([{ what: { n: 2 } }])
})

test('a line stays short, whatever was set', () => {
  const places = placesOf(registryIn(folder.path))
  const set = { note: 'x'.repeat(100_000) }
  logChanges(places, [{ kind: 'set', server: 'default', name: 'lab', set }], 'y'.repeat(100_000))
  expect(readFileSync(places.actionsLog, 'utf8').length).toBeLessThan(5000)
  expect(lines(places.actionsLog)).toMatchObject([{ what: { kind: 'set', name: 'lab', cut: true } }])
})

test('a log that cannot be written is a warning', () => {
  const places = { path: 'x', actionsLog: join(folder.path, 'no/actions.log') }
  expect(logActions(places, [{ what: {}, why: '' }])).toEqual([expect.stringContaining('ENOENT')])
})
