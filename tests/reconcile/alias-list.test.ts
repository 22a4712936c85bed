/** A list of rows that stands elsewhere in the file, and is only referred to, cannot be changed. */
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { passes } from '../harness/passes.ts'
import { fullRow, sealed, writeText } from '../harness/rows.ts'
import { CLAUDE, claudeSession } from '../harness/sessions.ts'
import { makeWorld } from '../harness/world.ts'

const STRAY = 'lab-2-creator-claude'

test('a session without a row is reported only, by a dry run and a real pass alike', async () => {
  const world = makeWorld()
  const rows = stringify({ rows: [fullRow(claudeSession(world))] }, { compat: 'yaml-1.1', lineWidth: 0 })
  writeText(world, `${rows.replace(/^rows:/, 'rows: &a')}tmux_sessions: *a\n`)
  claudeSession(world, { name: STRAY })
  const untouched = sealed(world)
  const { report, kinds } = await passes(world)
  expect(kinds).toEqual([`B found ${STRAY}`])
  expect(report.drifts).toMatchObject([{ action: null, evidence: { refused: expect.any(String) } }])
  expect(report.actions).toEqual([])
  expect(report.tmux_sessions_alive.some(key => key.startsWith(CLAUDE))).toBe(true)
  expect(untouched()).toBe(true)
})
