/** Wrong ids: what five CLIs leave on disk and show of themselves, several of them in one folder, among the leavings of others. */
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { adapters } from '#lib/agents/table.ts'
import { runPass } from '#lib/reconcile/pass.ts'
import { readRegistryFile } from '#lib/registry/store.ts'
import {
  type CaseAgent,
  type Cli,
  converse,
  makeAgent,
  makeLeaver,
  makeStrangers,
  mapOf,
  WAYS,
} from './attributions/agents.ts'
import { Case } from './attributions/case.ts'
import { doubled, isDue, type Judged, strangeOf, tellsNow, type Verdict, verdictOf } from './attributions/judge.ts'
import { hasSqlite, writeSessions } from './attributions/sessions.ts'
import { idField } from './live.ts'
import { overUntil, roomFor } from './many.ts'
import type { Part, PartResult, Wish } from './part.ts'
import { pick, randomFrom } from './texts.ts'

type PassUnderProof = typeof runPass

const LEAST = 1000
const AT_ONCE = 4

export const attributions: Part = {
  name: 'attributions',
  claim:
    'no row gets a conversation that is not its agent’s, and each agent that says which one it is in is on record with it',
  seconds: 6,
  run: wish => proveAttributions(wish),
}

export async function proveAttributions(wish: Wish, pass: PassUnderProof = runPass): Promise<PartResult> {
  const root = realpathSync(mkdtempSync(join(roomFor(), 'as-ids-')))
  const verdicts = new Map<string, number>()
  const canOpencode = hasSqlite()
  let [done, next, twice, told] = [0, 0, 0, 0]
  const isOver = overUntil(wish, LEAST, () => done)
  try {
    const worker = async () => {
      while (!isOver()) {
        const number = next++
        const folder = join(root, String(number))
        const wrong = (what: string, seen: string) =>
          wish.wrong({ what, evidence: `${seen}; replay: --only attributions --seed ${wish.seed}, case ${number}` })
        for (const judged of await oneCase(folder, wish, number, pass, canOpencode)) {
          for (const one of judged) {
            done++
            const verdict = verdictOf(one)
            if (isDue(one)) told++
            verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1)
            tell(one, verdict, judged, wrong)
          }
          for (const id of doubled(judged)) {
            twice++
            wrong('one conversation stands on two rows', id)
          }
        }
        rmSync(folder, { recursive: true, force: true })
        wish.onProgress(`${done} attributions`)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
  const count = (verdict: Verdict) => verdicts.get(verdict) ?? 0
  return {
    tried: { cases: next, attributions: done },
    figures: {
      right: count('right'),
      'wrong ids': count('WRONG'),
      'said by the agent': told,
      'said by the agent and not found': count('not found') + count('not followed'),
      'its own earlier one, nothing tells of the later': count('earlier'),
      'unknown, nothing tells': count('unknown'),
      'on two rows': twice,
    },
    notTried: [
      'an agent that came and went, unrecorded, after a Claude Code without a pid map was started in its folder and before that one had a message: nothing on disk tells whose its conversation is',
      ...(canOpencode ? [] : ['OpenCode: there is no sqlite3 program to make its database with']),
    ],
  }
}

function tell(
  one: Judged,
  verdict: Verdict,
  all: readonly Judged[],
  wrong: (what: string, seen: string) => void,
): void {
  const { agent, row } = one
  const { cli, way, cwd, process, talks } = agent
  const shown = `${cli}, told by its ${way}, pid ${process.pid}, in ${cwd}, its own: ${talks.map(({ id, hasTurn }) => `${id}${hasTurn ? '' : ' (no turn)'}`).join(', ')}`
  const recorded = row?.[idField(cli)]
  const whose = all.find(other => other !== one && other.agent.talks.some(({ id }) => id === recorded))
  if (verdict === 'WRONG')
    wrong(
      "a row has a conversation that is not its agent's",
      `${shown}; on record: ${recorded}${whose ? `, of pid ${whose.agent.process.pid}` : ', of one that exited'}`,
    )
  if (verdict === 'not found' || verdict === 'not followed')
    wrong('an agent says which conversation it is in, and its row does not', `${shown}; on record: ${recorded}`)
  for (const id of strangeOf(one))
    wrong('a row names a conversation that its agent never was in', `${shown}; on record: ${id}`)
}

/** Two passes: agents as they started, then after some went on to another conversation, and some ended. */
async function oneCase(
  root: string,
  wish: Wish,
  number: number,
  pass: PassUnderProof,
  canOpencode: boolean,
): Promise<Judged[][]> {
  const the = new Case(root, randomFrom(wish.seed * 1_000_003 + number))
  const { random } = the
  const isMixed = random() < 0.5
  const clis = (Object.keys(WAYS) as Cli[]).filter(cli => cli !== 'opencode' || (canOpencode && random() < 0.15))
  const main = pick(random, ['claude', ...clis] as Cli[])
  const began = the.now - 3000
  const strangers = the.folders.flatMap(cwd => makeStrangers(the, main, cwd, began))
  const agents: CaseAgent[] = []
  const rows: Record<string, unknown>[] = []
  const count = 1 + Math.floor(random() * 5)
  for (let n = 0; n < count; n++) {
    const cli = isMixed ? pick(random, clis) : main
    const agent = makeAgent(
      the,
      cli,
      pick(random, WAYS[cli]),
      pick(random, the.folders),
      began + Math.floor(random() * 2000),
    )
    agents.push(agent)
    const isStray = Object.keys(agent.fields).length === 0 && random() < 0.2
    rows.push(...placed(the, agent, `lab-${n}-creator-${cli}`, isStray))
    // An earlier process of its pid was killed.
    if (cli === 'claude' && agent.way !== 'map' && random() < 0.4) mapOf(the, agent, strangers[0] ?? the.uuid(), true)
  }
  if (random() < 0.3) outside(the, main)
  for (const cwd of new Set(the.folders)) if (random() < 0.6) makeLeaver(the, agents, cwd)
  mkdirSync(join(root, 'lab/.hermes'), { recursive: true })
  writeFileSync(the.registry, stringify({ tmux_sessions: rows }, { compat: 'yaml-1.1', lineWidth: 0 }), { mode: 0o600 })
  const first = await look(the, agents, pass)
  for (const [n, agent] of agents.entries()) {
    const isOnRecord = verdictOf(first[n] as Judged) === 'right'
    if (random() < 0.4) converse(the, agent, random() < 0.7, the.now - 20 + random() * 10)
    else if (random() < 0.2 && (isOnRecord || agent.cli !== 'claude')) exits(the, agent)
  }
  const living = agents.filter(({ process }) => the.processes.has(process.pid))
  return [first, await look(the, living, pass)]
}

async function look(the: Case, agents: readonly CaseAgent[], pass: PassUnderProof): Promise<Judged[]> {
  if (the.sessions.length > 0) writeSessions(the.home, the.sessions)
  const options = {
    registryPath: the.registry,
    yamlPath: the.registry,
    adapters,
    roles: ['creator'],
    servers: ['default'],
  }
  const self = { pid: process.pid, start: '0', pass: 1 }
  await pass(the.machine(), { ...options, dryRun: false, listener: 'stdout', self }, () =>
    readRegistryFile(the.registry),
  )
  const rows = (parse(readFileSync(the.registry, 'utf8')) as { tmux_sessions: Record<string, unknown>[] }).tmux_sessions
  // As they are now: they may go on to other conversations.
  const now = agents.map(agent => ({ ...agent, talks: [...agent.talks], isTold: tellsNow(the, agent) }))
  return now.map(agent => ({ agent, row: rows.find(row => row['name'] === the.names.get(agent.process.pid)) }))
}

/** Its session, and its row unless a pass is to find it. */
function placed(the: Case, agent: CaseAgent, name: string, isStray: boolean): Record<string, unknown>[] {
  const { process, cwd, cli, sessionCreated, fields } = agent
  const panePid = process.ppid === the.server.pid ? process.pid : process.ppid
  const session = the.session(name, panePid, sessionCreated, cwd)
  the.names.set(process.pid, name)
  if (isStray) return []
  session.mark = the.registry
  return [
    {
      name,
      status: 'running',
      tmux_session_epoch: session.created,
      tmux_server: 'default',
      agent: cli,
      pane: { index: 0, pid: panePid, cmd: cli, cwd, id: `%${panePid}` },
      tmux_session_id: session.id,
      tmux_server_pid: the.server.pid,
      tmux_server_pid_start: the.server.start,
      host: 'here',
      boot_id: 'boot-1',
      ...fields,
    },
  ]
}

/** One that runs in a terminal of somebody's, without tmux. */
function outside(the: Case, cli: Cli): void {
  const agent = makeAgent(the, cli, pick(the.random, WAYS[cli]), pick(the.random, the.folders), the.now - 1500)
  agent.process.ppid = 1
}

function exits(the: Case, { process, cli }: CaseAgent): void {
  // Killed: what it left stays.
  the.processes.delete(process.pid)
  for (const session of the.server.sessions) if (session.panePid === process.pid) session.lives = false
  if (cli === 'claude' && the.random() < 0.5)
    rmSync(join(the.home, '.claude/sessions', `${process.pid}.json`), { force: true })
}
