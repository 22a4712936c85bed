/** Prompts to all stand-ins, idle and busy, quick and slow, with lost Enters: each must arrive exactly once, and none may be
 * said to have arrived that has not. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Delivery } from '#lib/sessions/deliver.ts'
import { cleanPrompt } from '#lib/tmux/clean-prompt.ts'
import { tmux } from '../../tests/harness/tmux.ts'
import type { World } from '../../tests/harness/world.ts'
import { LAB, type StandIn, startStandIn } from '../../tests/sessions/stand-in.ts'
import { countsOf, type Outcome } from './delivery-counts.ts'
import { countedPart, type ProofResult, type Seeded } from './proof.ts'
import { KINDS, pick, type Random, randomFrom, textOf } from './texts.ts'
import { inWorld } from './world.ts'

const AGENTS = ['claude', 'codex', 'gemini', 'opencode', 'agy']
/** Two panes per agent, each with deliveries one after another. */
const PANES = 2
/** A conversation that grows for ever is not what is measured. */
const PER_STAND_IN = 25
const TIMEOUT_MS = 30_000

export const deliveries = countedPart({
  name: 'deliveries',
  claim: 'every prompt arrived exactly once, and none was said to have arrived that had not',
  seconds: 10,
  cases: 'prompts',
  caseMs: 300,
  prove: (prompts, seeded) => proveDeliveries({ prompts, ...seeded }),
})

export async function proveDeliveries(options: Seeded & { prompts: number }): Promise<ProofResult> {
  const { prompts, seed, signal, onProgress } = options
  return inWorld(async (world, agents) => {
    const canary = join(world.root, 'canary')
    const panes = AGENTS.flatMap(agent => Array.from({ length: PANES }, (_, n) => ({ agent, n })))
    let done = 0
    // One that fails ends the others before their world is removed.
    const stop = new AbortController()
    signal?.addEventListener('abort', () => stop.abort(), { once: true })
    const results = await Promise.allSettled(
      panes.map(({ agent, n }, at) => {
        const count = Math.floor(prompts / panes.length) + (at < prompts % panes.length ? 1 : 0)
        const random = randomFrom(seed * 1000 + at)
        return onePane({
          stop,
          world,
          agents,
          agent,
          name: `${agent}${n}`,
          count,
          random,
          canary,
          told: () => onProgress?.(++done),
        })
      }),
    )
    const outcomes = results.flatMap(result => {
      if (result.status === 'rejected') throw result.reason
      return result.value
    })
    const { rows, misses } = countsOf(AGENTS, outcomes)
    if (existsSync(canary)) misses.push('a text was run by a shell: the canary file is there')
    const buffers = tmux(world, LAB, ['list-buffers']).trim()
    if (buffers !== '') misses.push(`paste buffers were left behind: ${buffers}`)
    return { rows, misses }
  })
}

interface Pane {
  stop: AbortController
  world: World
  agents: Set<number>
  agent: string
  name: string
  count: number
  random: Random
  canary: string
  told(): void
}

async function onePane(pane: Pane): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  try {
    for (let left = pane.count; left > 0 && !pane.stop.signal.aborted; left -= PER_STAND_IN)
      outcomes.push(...(await oneStandIn(pane, Math.min(left, PER_STAND_IN), outcomes.length)))
  } catch (error) {
    pane.stop.abort()
    throw error
  }
  return outcomes
}

async function oneStandIn(pane: Pane, count: number, from: number): Promise<Outcome[]> {
  const { agent, random, world, canary, name } = pane
  const start = () =>
    startStandIn(
      world,
      agent,
      {},
      {
        onTarget: ({ look }) => {
          for (const { process } of look.agent.chain) pane.agents.add(process.pid)
        },
      },
    )
  // One may not come up: another program took its port meanwhile. It was sent nothing yet.
  const standIn = await start().catch(start)
  const sent: (Omit<Outcome, 'times'> & { expected: string })[] = []
  for (let n = 0; n < count && !pane.stop.signal.aborted; n++) {
    const kind = pick(random, KINDS)
    const text = textOf(kind, random, `#${name}-${from + n}#`, canary)
    // Some turns are still going on when the next prompt comes.
    const conditions = {
      turnMs: pick(random, [20, 300, 1500, 4000]),
      redrawMs: pick(random, [0, 0, 0, 0, 250, 600]),
      swallowEnters: pick(random, [0, 0, 0, 0, 0, 1]),
    }
    standIn.tell(conditions)
    const began = performance.now()
    const delivery = await standIn.say(text, { timeoutMs: TIMEOUT_MS })
    sent.push({
      agent,
      kind,
      text,
      delivery,
      conditions,
      ms: performance.now() - began,
      expected: wanted(standIn, text),
    })
    pane.told()
  }
  const took = standIn.got().map(text => text.trim())
  tmux(world, LAB, ['kill-session', '-t', `${standIn.session.id}:`])
  return countTimes(sent, took)
}

/** What the agent must have taken: the text as it was cleaned and adapted for it. */
function wanted({ target }: StandIn, text: string): string {
  const clean = cleanPrompt(text)
  return (target.driver.asPrompt?.(clean) ?? clean).trim()
}

/** Texts of one byte come more than once: what arrived of a text is shared out among its deliveries, those believed first. */
function countTimes(sent: (Omit<Outcome, 'times'> & { expected: string })[], took: string[]): Outcome[] {
  const left = new Map<string, number>()
  for (const text of took) left.set(text, (left.get(text) ?? 0) + 1)
  const believed = ({ outcome }: Delivery) => outcome === 'delivered' || outcome === 'queued'
  const order = sent.toSorted((a, b) => Number(believed(b.delivery)) - Number(believed(a.delivery)))
  const times = new Map<object, number>()
  for (const one of order) {
    const count = left.get(one.expected) ?? 0
    const isLast = order.filter(other => other.expected === one.expected).at(-1) === one
    const mine = isLast ? count : Math.min(1, count)
    times.set(one, mine)
    left.set(one.expected, count - mine)
  }
  return sent.map(one => ({ ...one, times: times.get(one) ?? 0 }))
}
