/** Agents of mixed CLIs in one folder, created at the same moment; some leave their conversation with /clear. No row may
 * hold a conversation that is not its agent's. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rowsOf } from '../../tests/harness/rows.ts'
import { keepServer } from '../../tests/harness/tmux.ts'
import { until } from '../../tests/harness/until.ts'
import type { World } from '../../tests/harness/world.ts'
import { type Agent, countIds, type Known } from './id-counts.ts'
import {
  atATime,
  CLIS,
  command,
  idField,
  inLiveWorld,
  inOneLine,
  order,
  SERVER,
  say,
  settledDrifts,
  turnEnded,
  turnsWith,
} from './live.ts'
import { countedPart, type ProofResult, type Seeded } from './proof.ts'
import { pick, type Random, randomFrom } from './texts.ts'

export const ids = countedPart({
  name: 'ids',
  claim: "no row holds another agent's conversation, and each agent that says which one it is in is on record with it",
  seconds: 8,
  cases: 'runs',
  caseMs: 4000,
  prove: (runs, seeded) => proveIds({ runs, ...seeded }),
})

/** Worlds at once: agents mostly wait. */
const AT_ONCE = 3

export async function proveIds({ runs, seed, signal, onProgress }: Seeded & { runs: number }): Promise<ProofResult> {
  let done = 0
  const results = await atATime(
    AT_ONCE,
    Array.from({ length: runs }, (_, run) => run),
    async run => {
      if (signal?.aborted) return []
      const known = await oneRun(seed, run)
      onProgress?.(++done)
      return known
    },
  )
  return countIds(results.flat())
}

async function oneRun(seed: number, run: number): Promise<Known[]> {
  const random = randomFrom(seed * 100_000 + run)
  const agents = agentsOf(run, random)
  const isWarm = random() < 0.5
  const where = `seed ${seed}, run ${run}`
  try {
    return await inLiveWorld(async world => {
      if (isWarm) keepServer(world, SERVER)
      const lives = await atATime(agents.length, agents, agent => oneAgent(world, agent, where))
      keepServer(world, SERVER)
      const drifts = await settledDrifts(world)
      const doubted = new Set(drifts.filter(({ kind }) => kind === 'ambiguous').map(({ name }) => name))
      const rows = rowsOf(world)
      return lives.map(life => {
        const row = rows.find(({ name }) => name === life.agent.name)
        const id = row?.[idField(life.agent.cli)]
        const previous = row?.['previous_session_ids']
        return {
          ...life,
          others: lives.filter(other => other !== life).flatMap(other => other.truth),
          hasRow: row !== undefined,
          isDoubted: doubted.has(life.agent.name),
          recorded: typeof id === 'string' && id !== '' ? id : undefined,
          previous: Array.isArray(previous) ? previous.map(String) : [],
        }
      })
    })
  } catch (error) {
    return [
      {
        where,
        agent: agents[0] as Agent,
        truth: [],
        faults: [String(error)],
        others: [],
        hasRow: true,
        isDoubted: false,
        previous: [],
      },
    ]
  }
}

/** Two to six; the same CLI often comes more than once. */
function agentsOf(run: number, random: Random): Agent[] {
  const hasOld = random() < 0.3
  const agents: Omit<Agent, 'isAlone'>[] = []
  const count = 2 + Math.floor(random() * 5)
  for (let n = 0; n < count; n++) {
    const again = agents.length > 0 && random() < 0.5
    const cli = again ? pick(random, agents).cli : pick(random, CLIS)
    const isOld = hasOld && cli !== 'opencode' && random() < 0.5
    agents.push({ cli, name: `n${n}-${cli}`, isOld, isCleared: run % 3 === 0 && random() < 0.6 })
  }
  return agents.map(agent => ({ ...agent, isAlone: agents.every(other => other === agent || other.cli !== agent.cli) }))
}

/** Creates it with its first prompt; clears it and sends another where that is planned. */
async function oneAgent(world: World, agent: Agent, where: string) {
  const { cli, name, isOld, isCleared } = agent
  const life = { where, agent, truth: [] as string[], faults: [] as string[] }
  const text = `first for ${name} in ${where.replaceAll(/\D+/g, '-')}`
  const control = join(world.root, `${name}.json`)
  writeFileSync(control, JSON.stringify({ oldVersion: isOld }))
  const more = ['--env', `STANDIN_CONTROL=${control}`, '--wait-ready', '100', '--json']
  const ran = await command(world, ['create', '--agent', cli, '--name', name, '--prompt', text, ...more])
  const turn = await until(`the prompt of ${name}`, () => turnsWith(world, text)[0], { timeoutMs: 5000 }).catch(
    () => undefined,
  )
  if (turn === undefined) {
    life.faults.push(`create (exit ${ran.code}) did not deliver the prompt: ${inOneLine(ran.stderr)}`)
    return life
  }
  life.truth.push(turn.id)
  const said = saidId(ran.stdout)
  if (ran.code !== 0) life.faults.push(`create left with ${ran.code}: ${inOneLine(ran.stderr)}`)
  if (typeof said === 'string' && said !== turn.id) life.faults.push(`create said conversation ${said}, not ${turn.id}`)
  try {
    if (isCleared) {
      await turnEnded(world, name, text)
      await order(world, name, '/clear', turn.pid)
      life.truth.push(await say(world, name, text.replace('first', 'second')))
    }
  } catch (error) {
    life.faults.push(String(error))
  }
  if (turnsWith(world, text).length !== 1) life.faults.push('its prompt arrived more than once')
  return life
}

function saidId(stdout: string): unknown {
  try {
    return (JSON.parse(stdout) as { id?: unknown }).id
  } catch {
    return undefined
  }
}
