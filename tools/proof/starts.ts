/** What a create costs beyond the agent's own start: the whole command against the same agent started bare in tmux, in turn,
 * both until its idle screen stands. */
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { driverNamed } from '#lib/agents/drive/table.ts'
import { stateFromScreen } from '#lib/agents/screen.ts'
import { adapterNamed } from '#lib/agents/table.ts'
import { installAgents } from '../../tests/agents/install.ts'
import { newSession, tmux } from '../../tests/harness/tmux.ts'
import type { World } from '../../tests/harness/world.ts'
import { countedPart, type ProofResult, type Seeded } from './proof.ts'
import { inWorld } from './world.ts'

const AGENTS = ['claude', 'codex', 'gemini', 'opencode', 'agy']
const PROGRAM = resolve(import.meta.dirname, '../../bin/agent-sessions.cjs')
/** Milliseconds of a create beyond the agent's own start: the figure to reach, on a machine that does nothing else. A time is
 * a figure and nothing wrong. */
const ASKED_MS = 500
const BOUND_MS = 60_000

export const starts = countedPart({
  name: 'starts',
  claim: `every agent comes up; what a create takes beyond the agent's own start and settling (asked: ${ASKED_MS} ms) is in the figures`,
  seconds: 4,
  cases: 'rounds',
  caseMs: 4000,
  prove: proveStarts,
})

async function proveStarts(rounds: number, { signal, onProgress }: Seeded): Promise<ProofResult> {
  return inWorld(async world => {
    installAgents(world.bin)
    const times = new Map(AGENTS.map(agent => [agent, { bare: [] as number[], whole: [] as number[] }]))
    for (let round = 0; round < rounds && !signal?.aborted; round++) {
      for (const [agent, { bare, whole }] of times) {
        bare.push(startBare(world, agent, `bare-${agent}-${round}`))
        whole.push(create(world, agent, `own-${agent}-${round}`))
      }
      onProgress?.(round + 1)
    }
    const rows: ProofResult['rows'] = []
    for (const [agent, { bare, whole }] of times) {
      const extra = Math.round(median(whole) - median(bare))
      // The real program asks for trust only after its input line stands: so long nobody can know that it is ready.
      const settleMs = (await driverNamed(agent))?.settleMs ?? 0
      const more = extra - settleMs
      rows.push({ agent, 'create ms': Math.round(median(whole)), 'settling ms': settleMs, 'more ms': more })
    }
    return { rows, misses: [] }
  })
}

function startBare(world: World, agent: string, name: string): number {
  const began = performance.now()
  newSession(world, 'default', name, world.workspace, [join(world.bin, agent)])
  const marks = adapterNamed(agent)?.screen ?? []
  for (;;) {
    const screen = tmux(world, 'default', ['capture-pane', '-p', '-t', `=${name}:`])
    if (stateFromScreen(screen, marks)?.state === 'idle') break
    if (performance.now() - began > BOUND_MS) throw new Error(`${agent} showed no idle screen in ${BOUND_MS} ms`)
  }
  const took = performance.now() - began
  tmux(world, 'default', ['kill-session', '-t', `=${name}`])
  return took
}

function create(world: World, agent: string, name: string): number {
  const began = performance.now()
  const args = [PROGRAM, 'create', '--agent', agent, '--name', name]
  const done = spawnSync(process.execPath, args, {
    cwd: world.workspace,
    env: world.env,
    encoding: 'utf8',
    timeout: BOUND_MS,
  })
  const took = performance.now() - began
  if (done.status !== 0) throw new Error(`create of ${agent}: exit ${done.status}\n${done.stderr}`)
  tmux(world, 'default', ['kill-session', '-t', `=${name}`])
  return took
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
