/** A create that is killed anywhere on its way leaves nothing that the next passes do not put right. */
import { expect, test } from 'vitest'
import { clientsEnd } from '../harness/clients.ts'
import { run, start } from '../harness/command.ts'
import { create, expectTruth, journalOf, liveWorld, seen, settledPass, tell } from '../harness/live-create.ts'
import { rowsOf } from '../harness/rows.ts'
import { keepServer, tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import type { World } from '../harness/world.ts'

const POINTS = 20
const SEED = Number(process.env['AGENT_SESSIONS_TEST_SEED'] ?? 20261121)
const NAME = 'lab-creator-claude'
const WITH_PROMPT = ['create', '--agent', 'claude', '--prompt', 'hello']

/** The same numbers for the same seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Starts a command, kills it after so many milliseconds, and waits until its own tmux client has gone too. */
async function killAfter(world: World, args: string[], ms: number): Promise<'killed' | 'was done'> {
  const child = start(world, 'agent-sessions', args)
  child.stdout?.resume()
  child.stderr?.resume()
  const left = new Promise<NodeJS.Signals | null>(resolve => child.once('close', (_, signal) => resolve(signal)))
  const timer = setTimeout(() => child.kill('SIGKILL'), ms)
  const signal = await left
  clearTimeout(timer)
  await clientsEnd(world)
  return signal === 'SIGKILL' ? 'killed' : 'was done'
}

/** How long a create takes here and now. */
async function lifeMs(world: World, args: string[]): Promise<number> {
  const ran = await run(world, 'agent-sessions', [...args, '--server', 'measure'])
  expect(ran.code).toBe(0)
  tmux(world, 'measure', ['kill-server'])
  return ran.ms
}

async function afterwards(world: World): Promise<void> {
  await settledPass(world)
  await settledPass(world)
  expectTruth(world)
}

test.each([
  ['cold', false],
  ['warm', true],
])(
  `killed at ${POINTS / 2} points of its life, on a %s server (seed ${SEED})`,
  { timeout: 120_000 },
  async (_, isWarm) => {
    const random = numbers(SEED + Number(isWarm))
    let life = await lifeMs(liveWorld({}, { names: ['claude'] }), WITH_PROMPT)
    const outcomes: string[] = []
    for (let point = 0; point < POINTS / 2; point++) {
      const world = liveWorld({}, { names: ['claude'] })
      if (isWarm) keepServer(world, 'default')
      // Spread over the whole life, each somewhere within its part.
      const at = Math.round(((point + random()) / (POINTS / 2)) * life)
      const how = await killAfter(world, WITH_PROMPT, at)
      const moment = `killed at ${at} of ${Math.round(life)} ms`
      // The machine is less busy than when the life was measured.
      if (how === 'was done') life = Math.min(life, at)
      outcomes.push(`${moment}: ${how}, ${seen(world).length} sessions`)
      // Every other time somebody asks again before any pass has looked.
      if (point % 2 === 0 && rowsOrNone(world).length > 0) await afterwards(world).catch(inMoment(moment, world))
      const again = await create(world, ['--agent', 'claude']).catch(inMoment(moment, world))
      if (point % 2 === 1) await afterwards(world).catch(inMoment(moment, world))
      expect(again?.name, moment).toBe(NAME)
      expect(seen(world), moment).toHaveLength(1)
      expect(rowsOf(world), moment).toHaveLength(1)
      expect(journalOf(world, 'submit').length, moment).toBeLessThanOrEqual(1)
      expectTruth(world)
    }
    expect(outcomes.filter(line => line.includes('killed,')).length, outcomes.join('\n')).toBeGreaterThan(POINTS / 4)
  },
)

const inMoment = (moment: string, world: World) => (error: unknown) => {
  throw new Error(`${moment}: ${error}\n${JSON.stringify(seen(world))}\n${JSON.stringify(rowsOrNone(world), null, 1)}`)
}

function rowsOrNone(world: World): Record<string, unknown>[] {
  try {
    return rowsOf(world)
  } catch {
    // Killed before it made one.
    return []
  }
}

test(`--replace killed at some points never loses the old conversation (seed ${SEED})`, {
  timeout: 120_000,
}, async () => {
  const random = numbers(SEED + 7)
  const life = await lifeMs(liveWorld({}, { names: ['claude'] }), ['create', '--agent', 'claude'])
  for (let point = 0; point < 6; point++) {
    const world = liveWorld({}, { names: ['claude'] })
    keepServer(world, 'default')
    const old = await create(world, ['--agent', 'claude', '--prompt', 'the first task'])
    tmux(world, 'default', ['kill-session', '-t', `=${NAME}:`])
    await settledPass(world)
    const at = Math.round(((point + random()) / 6) * life)
    await killAfter(world, ['create', '--agent', 'claude', '--replace'], at)
    await afterwards(world).catch(inMoment(`killed at ${at}`, world))
    const [row = {}] = rowsOf(world)
    const ids = [row['claude_session_id_own'], ...((row['previous_session_ids'] as string[] | undefined) ?? [])]
    expect(ids, `killed at ${at} of ${Math.round(life)} ms: ${JSON.stringify(row)}`).toContain(old.id)
  }
})

test('ended by Ctrl-C while the agent starts: the session is found again', { timeout: 60_000 }, async () => {
  const world = liveWorld({ startMs: 600_000 }, { names: ['claude'] })
  const child = start(world, 'agent-sessions', ['create', '--agent', 'claude'])
  child.stdout?.resume()
  child.stderr?.resume()
  const left = new Promise<unknown>(resolve => child.once('close', (code, signal) => resolve(signal ?? code)))
  await until('the session', () => seen(world).length === 1)
  child.kill('SIGINT')
  expect(await left).not.toBe(0)
  tell(world, {})
  const again = await create(world, ['--agent', 'claude'])
  expect(again.name).toBe(NAME)
  expect(seen(world)).toHaveLength(1)
  await afterwards(world)
  const found = await until('the agent to be up', async () => {
    const seenAgain = await create(world, ['--agent', 'claude'])
    return seenAgain.state === 'idle' && seenAgain
  })
  expect(found.created).toBe(false)
})
