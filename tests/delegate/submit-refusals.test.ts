/** What `submit` does where the agent cannot begin at once: nothing is half done, and nothing is sent twice. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { received } from '../agents/log.ts'
import { delegate, jobFile, jobIds, type Submitted, submit, toldOf } from '../harness/jobs.ts'
import {
  bare,
  create,
  DEFAULT,
  journalOf,
  liveWorld,
  logOf,
  refused,
  settle,
  settledPass,
  tell,
} from '../harness/live-create.ts'
import { startOf } from '../harness/processes.ts'
import { rowOf, sealed, writeRegistry, writeText } from '../harness/rows.ts'
import { agentPids, asking, leftAtShell, screenOf, stop, talking, typed } from '../harness/talking.ts'
import { tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import type { World } from '../harness/world.ts'

const NAME = 'lab-creator-claude'

/** Nothing is written anywhere, and no agent gets anything. */
async function expectRefused(world: World, code: string, args = [NAME, '--prompt', 'do it']) {
  const isUntouched = sealed(world)
  const before = received(logOf(world)).length
  const error = await refused(world, ['delegate-job', 'submit', ...args], 1)
  expect(error).toMatchObject({ code, hint: expect.any(String) })
  expect(jobIds(world)).toEqual([])
  expect(isUntouched()).toBe(true)
  expect(received(logOf(world))).toHaveLength(before)
  return error
}

describe('is refused, and nothing was made, for a session', () => {
  test('that has no row', async () => {
    const world = liveWorld()
    writeRegistry(world, [])
    await expectRefused(world, 'no-such-session', ['nobody', '--prompt', 'do it'])
  })

  test('that waits for a permission', async () => {
    const world = liveWorld()
    const { name } = await asking(world)
    settle(world)
    const error = await expectRefused(world, 'waiting', [name, '--prompt', 'do it'])
    expect(`${error.message} ${error.hint}`).toMatch(/permission|waits|question/)
    expect(journalOf(world, 'answer')).toEqual([])
  })

  test('that is gone', async () => {
    const world = liveWorld()
    await create(world, ['--agent', 'claude'])
    tmux(world, DEFAULT, ['kill-session', '-t', `=${NAME}:`])
    await until('its end', () => agentPids(world).length === 0)
    settle(world)
    await expectRefused(world, 'session-gone')
  })

  test('whose agent has left it at a shell', async () => {
    const world = liveWorld()
    const { pane } = await leftAtShell(world, NAME)
    await expectRefused(world, 'agent-exited')
    expect(screenOf(world, pane)).not.toContain('do it')
  })

  test('that was stopped', async () => {
    const world = liveWorld()
    await talking(world, 'claude')
    await stop(world, [NAME])
    const error = await expectRefused(world, 'not-running')
    expect(error.hint).toContain('resume')
  })
})

test.each([
  ['no prompt', [NAME]],
  ['an empty prompt', [NAME, '--prompt', '']],
  ['two prompts', [NAME, '--prompt', 'a', '--prompt-file', 'b']],
  ['no name', ['--prompt', 'a']],
  ['a time-out that is none', [NAME, '--prompt', 'a', '--timeout', 'soon']],
])('%s is wrong usage', async (_, args) => {
  const world = liveWorld()
  writeRegistry(world, [])
  await refused(world, ['delegate-job', 'submit', ...args], 2)
  expect(jobIds(world)).toEqual([])
})

test('a busy agent gets it queued, is told so, and works on it later, once', async () => {
  const world = liveWorld({ turnMs: 60_000 })
  const { name, pane } = await create(world, ['--agent', 'claude'])
  await typed(world, pane ?? '', 'a long work')
  await until('the turn', () => journalOf(world, 'submit').length === 1)
  const { job } = await delegate<Submitted>(world, ['submit', name, '--prompt', 'the next one'])
  expect(job).toMatchObject({ state: 'queued', delivery: { outcome: 'queued' } })
  expect(journalOf(world, 'queue')).toHaveLength(1)
  tell(world, { turnMs: 50 })
  await until('its turn', () => journalOf(world, 'submit').length === 2)
  expect(journalOf(world, 'submit')[1]?.text).toBe(toldOf(world, job.id))
})

test('a prompt whose arrival cannot be proved is unverified: exit 4, on record, and not sent again', async () => {
  const world = liveWorld({ swallowEnters: 1000 })
  const { name, pane } = await create(world, ['--agent', 'claude'])
  const submitting = delegate<Submitted>(world, ['submit', name, '--prompt', 'do it'], { code: 4 })
  await until('the prompt in the input line', () => screenOf(world, pane ?? '').includes('Pasted text'))
  // With what somebody typed behind it nobody may send it any more.
  tmux(world, DEFAULT, ['send-keys', '-t', pane ?? '', '-l', ' and mine'])
  const { job } = await submitting
  expect(job.delivery).toMatchObject({ outcome: 'unverified', proof: null })
  expect(jobFile(world, job.id)).toMatchObject({ state: 'queued', delivery: { outcome: 'unverified' } })
  tell(world, {})
  await settledPass(world)
  expect(received(logOf(world))).toEqual([])
  expect(screenOf(world, pane ?? '').match(/Pasted text/g)).toHaveLength(1)
})

test('work under way in the row is waited for', async () => {
  const world = liveWorld()
  const { name } = await create(world, ['--agent', 'claude'])
  settle(world)
  const without = readFileSync(world.registry, 'utf8')
  const op = `{kind: resume, pid: ${process.pid}, pid_start: "${startOf(process.pid)}", at: "2026-11-21T00:00:00Z"}`
  writeText(world, without.replace(/^( +)status: running\n/m, `$&$1op: ${op}\n`))
  expect(rowOf(world, name)['op']).toMatchObject({ pid: process.pid })
  const submitting = submit(world, name, 'do it')
  await expect(until('a prompt', () => received(logOf(world)).length > 0, { timeoutMs: 1500 })).rejects.toThrow()
  expect(jobIds(world)).toEqual([])
  writeText(world, without)
  expect((await submitting).delivery).toMatchObject({ outcome: 'delivered' })
})

test('what a person has half written there is shown to who submits, and told to nobody on the broker', async () => {
  const world = liveWorld()
  await create(world, ['--agent', 'claude'])
  await typed(world, `=${NAME}:`, 'my secret is swordfish', { enter: false })
  const ran = await bare(world, ['delegate-job', 'submit', NAME, '--prompt', 'do it', '--json'])
  expect(ran.code).toBe(1)
  const [id = ''] = jobIds(world)
  const { delivery, summary, events, state } = jobFile(world, id)
  expect(state).toBe('error')
  expect(delivery?.why).toContain('swordfish')
  expect(summary).toContain('not delivered: a draft stands in its input line')
  expect(JSON.stringify([summary, events])).not.toContain('swordfish')
})
