/** Ctrl-C and deaths in the middle: no command says of an agent that runs that it does not. */
import { expect, test } from 'vitest'
import { start } from '../harness/command.ts'
import { command, liveWorld, seen, settledPass, tell } from '../harness/live-create.ts'
import { rowOf, rowsOf } from '../harness/rows.ts'
import { resume, stop, talking } from '../harness/talking.ts'
import { until } from '../harness/until.ts'
import type { World } from '../harness/world.ts'

const NAME = 'lab-creator-claude'

/** A resume of a stopped session, in the moment in which its session is there and its agent not ready. */
async function halfResumed(world: World) {
  const made = await talking(world, 'claude')
  await stop(world, [NAME])
  tell(world, { startMs: 600_000 })
  const child = start(world, 'agent-sessions', ['resume', NAME])
  const said: Buffer[] = []
  child.stdout?.resume()
  child.stderr?.on('data', chunk => said.push(chunk))
  const left = new Promise<unknown>(resolve => child.once('close', (code, signal) => resolve(signal ?? code)))
  await until('the session', () => seen(world).length === 1)
  return { made, child, left, said: () => Buffer.concat(said).toString() }
}

test('Ctrl-C while a resume waits ends what it started, and the row is as before', { timeout: 60_000 }, async () => {
  const world = liveWorld({}, { names: ['claude'] })
  const { child, left, said, made } = await halfResumed(world)
  child.kill('SIGINT')
  expect(await left).toBe(1)
  expect(said()).toContain('interrupted')
  expect(seen(world)).toEqual([])
  expect(rowOf(world, NAME)).toMatchObject({ status: 'stopped', claude_session_id_own: made.talk })
  expect(rowOf(world, NAME)).not.toHaveProperty('op')
  tell(world, {})
  expect((await resume(world, [NAME])).sessions[0]).toMatchObject({ changed: true, id: made.talk })
})

test('a stop ends what a killed resume left, before any pass', { timeout: 60_000 }, async () => {
  const world = liveWorld({}, { names: ['claude'] })
  const { child, left, made } = await halfResumed(world)
  child.kill('SIGKILL')
  await left
  const stopped = await stop(world, [NAME])
  expect(stopped.sessions[0]).toMatchObject({ changed: true, status: 'stopped', id: made.talk, resumable: true })
  expect(seen(world)).toEqual([])
  expect((await settledPass(world)).drifts).toEqual([])
})

test('so does stop --all', { timeout: 60_000 }, async () => {
  const world = liveWorld({}, { names: ['claude'] })
  const { child, left } = await halfResumed(world)
  child.kill('SIGKILL')
  await left
  const all = await command<{ sessions: { name: string }[] }>(world, ['stop', '--all'])
  expect(all.sessions.map(({ name }) => name)).toEqual([NAME])
  expect(seen(world)).toEqual([])
  expect(rowsOf(world).map(row => row['status'])).toEqual(['stopped'])
})
