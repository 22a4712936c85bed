/** A pid means something on one host only, and since its last start. */
import { spawn } from 'node:child_process'
import { expect, test } from 'vitest'
import { passes } from '../harness/passes.ts'
import { lives, nowSec, startOf } from '../harness/processes.ts'
import { ended, fullRow, iso, rowOf, sealed, writeRegistry } from '../harness/rows.ts'
import { CLAUDE, claudeSession } from '../harness/sessions.ts'
import { killSession } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'

const ANOTHER_BOOT = '00000000-0000-4000-8000-000000000000'
const ELSEWHERE = { host: 'another-host', boot_id: ANOTHER_BOOT }

/** The mark of a command under way, by a process that runs here and now. */
function livingOp(world: World): { kind: string; pid: number; pid_start: string; at: string } {
  const child = spawn('/bin/sleep', ['86400'], { stdio: 'ignore' })
  const pid = child.pid ?? 0
  world.pids.add(pid)
  return { kind: 'stop', pid, pid_start: startOf(pid), at: iso(nowSec()) }
}

test('a row of another host keeps its op: no process of this host says anything about it', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  const op = livingOp(world)
  process.kill(op.pid, 'SIGKILL')
  await until('its end', () => !lives(op.pid))
  writeRegistry(world, [
    fullRow(session, { ...ELSEWHERE, op }),
    ended(fullRow(session, { ...ELSEWHERE, name: 'done-creator-claude', op }), 'stopped', nowSec()),
  ])
  const untouched = sealed(world)
  expect((await passes(world)).kinds).toEqual([])
  expect(untouched()).toBe(true)
})

test.each([
  ['stopped', [`A op-died ${CLAUDE}`], 'stopped'],
  ['running', [`A gone ${CLAUDE}`], 'terminated'],
] as const)(
  'the op of a %s row from before a restart is dead, whoever has its pid now',
  async (status, expected, after) => {
    const world = makeWorld()
    const session = claudeSession(world)
    await killSession(world, session)
    const row = fullRow(session, { boot_id: ANOTHER_BOOT, op: livingOp(world) })
    writeRegistry(world, [status === 'running' ? row : ended(row, status, nowSec())])
    const { kinds } = await passes(world)
    expect(kinds).toEqual(expect.arrayContaining([...expected]))
    expect(rowOf(world, CLAUDE)['status']).toBe(after)
    expect(rowOf(world, CLAUDE)).not.toHaveProperty('op')
  },
)
