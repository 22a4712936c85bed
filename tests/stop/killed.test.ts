/** Commands that are killed at any moment: the next passes find the truth, and no conversation is ever lost. */
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { clientsEnd } from '../harness/clients.ts'
import { start } from '../harness/command.ts'
import { expectTruth, liveWorld, seenAs, settledPass } from '../harness/live-create.ts'
import { rowOf } from '../harness/rows.ts'
import { agentPids, idField, resume, say, stop, talking } from '../harness/talking.ts'
import { keepServer } from '../harness/tmux.ts'
import type { World } from '../harness/world.ts'

const TIMES = 10

/** The same moments in every run, spread over the command's life, unevenly: numbers of a linear congruence. */
function* moments(seed: number, lifeMs: () => number): Generator<number> {
  let state = seed
  for (let at = 0; at < TIMES; at++) {
    state = (state * 1103515245 + 12345) % 2 ** 31
    yield ((at + state / 2 ** 31) / TIMES) * lifeMs()
  }
}

/** How long the command lived, and whether it was killed. What it asked of tmux has been done then. */
async function killedAfter(world: World, args: string[], ms: number): Promise<{ wasKilled: boolean; ms: number }> {
  const began = performance.now()
  const child = start(world, 'agent-sessions', args)
  const timer = setTimeout(() => child.kill('SIGKILL'), ms)
  child.stdout?.resume()
  child.stderr?.resume()
  const [, signal] = await once(child, 'close')
  clearTimeout(timer)
  const livedMs = performance.now() - began
  await clientsEnd(world)
  return { wasKilled: signal === 'SIGKILL', ms: livedMs }
}

async function timed<T>(work: Promise<T>): Promise<number> {
  const began = performance.now()
  await work
  return performance.now() - began
}

/** Two passes: the second has nothing more to do. Then registry and tmux say the same, and the conversation is known. */
async function expectSettled(world: World, name: string, agent: string, talk: string, when: string): Promise<void> {
  await settledPass(world)
  const again = await settledPass(world)
  expect(again.actions, `${when}: a second pass has nothing to do`).toEqual([])
  expectTruth(world)
  const row = rowOf(world, name)
  const known = [row[idField(agent)], ...((row['previous_session_ids'] as string[] | undefined) ?? [])]
  expect(known, `${when}: ${JSON.stringify(row)}`).toContain(talk)
}

test.each([
  ['claude', 7],
  ['codex', 4711],
])('%s, brought back and stopped, each killed at ten moments', { timeout: 240_000 }, async (agent, seed) => {
  const world = liveWorld({ turnMs: 50 })
  keepServer(world, 'default')
  const { name, talk } = await talking(world, agent)
  let stopMs = await timed(stop(world, [name]))
  let resumeMs = await timed(resume(world, [name]))
  await stop(world, [name])
  const stops = moments(seed + 1, () => stopMs)
  let killed = 0

  for (const after of moments(seed, () => resumeMs)) {
    const one = await killedAfter(world, ['resume', name], after)
    await expectSettled(world, name, agent, talk, `resume killed after ${Math.round(after)} ms`)
    const began = performance.now()
    const back = await resume(world, [name])
    // The shortest life seen, because what else the machine does changes.
    if (back.sessions[0]?.changed) resumeMs = Math.min(resumeMs, performance.now() - began)
    expect(back.sessions[0], `after a resume killed after ${Math.round(after)} ms`).toMatchObject({ id: talk })
    const stopAfter = stops.next().value ?? 0
    const two = await killedAfter(world, ['stop', name], stopAfter)
    await expectSettled(world, name, agent, talk, `stop killed after ${Math.round(stopAfter)} ms`)
    killed += Number(one.wasKilled) + Number(two.wasKilled)
    if (!two.wasKilled) stopMs = Math.min(stopMs, two.ms)
    await stop(world, [name])
    const row = rowOf(world, name)
    expect(row[idField(agent)]).toBe(talk)
    // A pass that finds it gone does not look whether it can be brought back.
    expect(row['resumable'] ?? true).toBe(true)
    expect(agentPids(world), 'nothing of it is left').toEqual([])
  }

  // Nearly all: the machine may be quicker than it was when it was timed.
  expect(killed).toBeGreaterThan(TIMES)
  await resume(world, [name])
  expect(await say(world, seenAs(world, name).pane, 'still the same')).toBe(talk)
})
