/** What Claude Code's Stop hook hands over at the end of a turn. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { jobFile, jobPath, writeJob } from '../harness/jobs.ts'
import { writeRegistry } from '../harness/rows.ts'
import { makeWorld, type World } from '../harness/world.ts'

const NAME = 'lab-creator-claude'
const PROGRAM = resolve(process.env['AGENT_SESSIONS_TEST_ROOT'] ?? '.', 'bin/agent-sessions.cjs')

/** Runs the hook with these words of Claude Code; it must neither fail nor say anything. */
function turn(world: World, id: string, words: unknown): void {
  const input = typeof words === 'string' ? words : JSON.stringify(words)
  const args = [PROGRAM, 'delegate-job', 'emit', id, 'progress', '--claude-hook', '--registry', world.registry]
  const ran = spawnSync(process.execPath, args, { cwd: world.root, env: world.env, input, encoding: 'utf8' })
  expect([ran.status, ran.stdout, ran.stderr]).toEqual([0, '', ''])
}

function worldWith(...jobs: Parameters<typeof writeJob>[2][]) {
  const world = makeWorld()
  world.env['AGENT_JOBS_MQTT_URL'] = 'off'
  writeRegistry(world, [])
  return { world, jobs: jobs.map(over => writeJob(world, NAME, over)) }
}

const stop = (more = {}) => ({
  session_id: 'c-1',
  hook_event_name: 'Stop',
  last_assistant_message: 'All done.',
  ...more,
})
const lastOf = (world: World, id: string) => jobFile(world, id).events.at(-1)

describe('a turn', () => {
  test('is progress, whatever the agent says of it: never the end', () => {
    const { world, jobs } = worldWith({})
    const id = jobs[0]?.id ?? ''
    turn(world, id, stop())
    expect(jobFile(world, id).state).toBe('running')
    expect(lastOf(world, id)).toMatchObject({
      event: 'progress',
      emitter: 'hook',
      summary: 'All done.',
      data: { hook: 'Stop', conversation: 'c-1' },
    })
  })

  test('that failed says why, and that without words that it ended', () => {
    const { world, jobs } = worldWith({})
    const id = jobs[0]?.id ?? ''
    turn(world, id, { hook_event_name: 'StopFailure', error: 'rate_limit' })
    expect(lastOf(world, id)?.summary).toBe('the turn failed: rate_limit')
    turn(world, id, stop({ last_assistant_message: ' \n' }))
    expect(lastOf(world, id)?.summary).toBe('a turn ended')
  })

  test("of two open jobs is neither's", () => {
    const { world, jobs } = worldWith({}, {})
    turn(world, jobs[0]?.id ?? '', stop())
    for (const { id } of jobs)
      expect(lastOf(world, id)?.summary).toBe('a turn ended in its session, where 2 jobs are open')
  })

  test('of an ended job changes nothing', () => {
    const { world, jobs } = worldWith({
      state: 'completed',
      ended_at: '2026-01-01T00:00:00Z',
      ended_at_epoch: 1767225600,
    })
    turn(world, jobs[0]?.id ?? '', stop())
    expect(jobFile(world, jobs[0]?.id ?? '')).toEqual(jobs[0])
  })

  test.each([['nothing'], ['{'], ['[]'], ['"Stop"']])('told with %s changes nothing', words => {
    const { world, jobs } = worldWith({})
    turn(world, jobs[0]?.id ?? '', words === 'nothing' ? '' : words)
    expect(jobFile(world, jobs[0]?.id ?? '')).toEqual(jobs[0])
  })
})

describe('the user of the agent is not troubled', () => {
  test.each<[string, unknown, string]>([
    ['a conversation of 100 KB', stop({ session_id: 'x'.repeat(100_000) }), 'delivered'],
    ['an event of 100 KB', stop({ hook_event_name: 'x'.repeat(100_000) }), 'delivered'],
    ['lists in lists', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'delivered'],
    ['9 MB', stop({ last_assistant_message: 'x'.repeat(9 << 20) }), 'delivered'],
    ['a failure that is no text', { hook_event_name: 'StopFailure', error: { toString: 'x' } }, 'running'],
    ['half a character', stop({ last_assistant_message: `${'x'.repeat(499)}\u{1f600}` }), 'running'],
    ['keys that mean something to JavaScript', '{"__proto__": {"session_id": "x"}, "constructor": 1}', 'running'],
  ])('by %s', (_what, words, state) => {
    const { world, jobs } = worldWith({})
    const id = jobs[0]?.id ?? ''
    turn(world, id, words)
    expect(jobFile(world, id)).toMatchObject({ id, prompt: jobs[0]?.prompt, state, ended_at: null })
  })

  test('by a job that was cleaned away', () => {
    const { world, jobs } = worldWith({})
    const id = jobs[0]?.id ?? ''
    rmSync(jobPath(world, id))
    turn(world, id, stop())
  })

  test('by a job file that is broken, or none', () => {
    const { world, jobs } = worldWith({})
    const id = jobs[0]?.id ?? ''
    writeFileSync(jobPath(world, id), '{"schema": 1')
    turn(world, id, stop())
    rmSync(jobPath(world, id))
    mkdirSync(jobPath(world, id))
    turn(world, id, stop())
  })
})
