/** A reboot: twenty sessions of mixed CLIs end at once, and `resume --all` brings back all that can be, each in its own
 * conversation, with a reason for every other one. */
import { readFileSync } from 'node:fs'
import { jsonOf, type Ran } from '../../tests/harness/command.ts'
import { rowsOf } from '../../tests/harness/rows.ts'
import { keepServer, tmux } from '../../tests/harness/tmux.ts'
import { until } from '../../tests/harness/until.ts'
import { folder, type World } from '../../tests/harness/world.ts'
import {
  atATime,
  CLIS,
  command,
  idField,
  inLiveWorld,
  inOneLine,
  journal,
  processesOf,
  SERVER,
  say,
  settledDrifts,
  turnEnded,
  turnsWith,
} from './live.ts'
import { countedPart, type ProofResult, type Seeded } from './proof.ts'
import { countResumes, type Fate, isResumable, missesOfDrifts, type Outcome, type Session } from './resume-counts.ts'
import { removeArtifact, removeFolder } from './resume-losses.ts'
import { pick, type Random, randomFrom } from './texts.ts'

export const resumes = countedPart({
  name: 'resumes',
  claim: 'after a reboot each session that can be resumed is back in its own conversation, the others have a reason',
  seconds: 12,
  cases: 'reboots',
  caseMs: 25_000,
  prove: (rounds, seeded) => proveResumes({ rounds, ...seeded }),
})

const FATES: readonly Fate[] = [
  ...Array<Fate>(11).fill('running'),
  ...Array<Fate>(2).fill('stopped'),
  ...Array<Fate>(3).fill('never had a turn'),
  ...Array<Fate>(2).fill('artifact removed'),
  'folder removed',
  'archived',
]
const FOLDERS = ['a', 'b', 'two words', 'inner/c']
/** Commands at once, on a machine of few cores. */
const AT_ONCE = 4
/** For all of `resume --all`. */
const ALL_MS = 400_000

export async function proveResumes(options: Seeded & { rounds: number }): Promise<ProofResult> {
  const { rounds, seed, signal, onProgress } = options
  const outcomes: Outcome[] = []
  const misses: string[] = []
  for (let round = 0; round < rounds && !signal?.aborted; round++) {
    const where = `seed ${seed}, round ${round}`
    try {
      const one = await oneRound(randomFrom(seed * 1000 + round), where)
      outcomes.push(...one.outcomes)
      misses.push(...one.misses)
    } catch (error) {
      misses.push(`${where}: ${error instanceof Error ? error.message : error}`)
    }
    onProgress?.(round + 1)
  }
  const counted = countResumes(outcomes)
  return { rows: counted.rows, misses: [...counted.misses, ...misses] }
}

function oneRound(random: Random, where: string): Promise<{ outcomes: Outcome[]; misses: string[] }> {
  return inLiveWorld(async world => {
    const hadPass = random() < 0.5
    const talks = await atATime(AT_ONCE, sessionsOf(random), session => begun(world, session, where))
    for (const { fate, name } of talks) {
      if (fate === 'stopped') await done(world, ['stop', name])
      if (fate === 'archived') await done(world, ['stop', name, '--archive'])
    }
    await reboot(world)
    for (const session of talks) {
      if (session.fate === 'artifact removed') removeArtifact(world, session.cli, session.talk ?? '')
      if (session.fate === 'folder removed') removeFolder(world, session.folder)
    }
    if (hadPass) await settledDrifts(world)
    const ran = await command(world, ['resume', '--all', '--json'], ALL_MS)
    if (ran.stdout === '') throw new Error(`resume --all: exit ${ran.code}: ${ran.stderr}`)
    const answer = jsonOf<Answer>(ran)
    if (answer.sessions.length > 0) keepServer(world, SERVER)
    const up = tmuxNames(world)
    const outcomes = await Promise.all(talks.map(session => outcomeOf(world, session, answer, up, where)))
    const misses = ran.code === 0 ? [] : [`${where}: resume --all left with ${ran.code}: ${inOneLine(ran.stderr)}`]
    const [first, second] = [await settledDrifts(world), await settledDrifts(world)]
    misses.push(...missesOfDrifts(talks, hadPass, first, second, where))
    const rows = rowsOf(world)
    for (const { name, cli, talk, fate } of talks) {
      const recorded = rows.find(row => row['name'] === name)?.[idField(cli)] ?? undefined
      if (recorded !== talk)
        misses.push(`${where}, ${name} (${fate}): its row has ${recorded} at the end, its conversation is ${talk}`)
    }
    return { outcomes, misses }
  })
}

function sessionsOf(random: Random): Session[] {
  const fates = [...FATES]
  return FATES.map((_, n) => {
    const [fate = 'running'] = fates.splice(Math.floor(random() * fates.length), 1)
    const cli = CLIS[n % CLIS.length] as Session['cli']
    // What is removed is nobody else's.
    const where = fate === 'folder removed' ? 'lost' : pick(random, FOLDERS)
    return { cli, name: `s${n}-${cli}`, fate, folder: where }
  })
}

/** Creates the session and gives it its turn. */
async function begun(world: World, session: Session, where: string): Promise<Session> {
  const { cli, name, fate } = session
  const text = `first for ${name} in ${where.replaceAll(/\D+/g, '-')}`
  const prompt = fate === 'never had a turn' ? [] : ['--prompt', text]
  const at = ['--workspace', folder(world, 'lab', session.folder), '--wait-ready', '100']
  const ran = await done(world, ['create', '--agent', cli, '--name', name, ...at, ...prompt, '--json'])
  if (prompt.length === 0)
    return cli === 'agy' ? { ...session, talk: loggedTalk(world, jsonOf<{ pane_pid: number }>(ran).pane_pid) } : session
  const turn = turnsWith(world, text)[0]
  if (turn === undefined) throw new Error(`${name} did not get its prompt`)
  await turnEnded(world, name, text)
  return { ...session, talk: turn.id }
}

/** The conversation that agy wrote down in its own log when it made it. */
function loggedTalk(world: World, pid: number): string {
  const argv = journal(world).flatMap(line => (line.kind === 'start' && line.pid === pid ? line.argv : []))
  const path = argv[argv.indexOf('--log-file') + 1]
  const id = path && /Created conversation (\S+)/.exec(readFileSync(path, 'utf8'))?.[1]
  if (!id) throw new Error(`agy ${pid} logged no conversation: ${argv.join(' ')}`)
  return id
}

async function done(world: World, args: string[]): Promise<Ran> {
  const ran = await command(world, args)
  if (ran.code !== 0) throw new Error(`${args.join(' ')}: exit ${ran.code}: ${inOneLine(ran.stderr)}`)
  return ran
}

async function reboot(world: World): Promise<void> {
  tmux(world, SERVER, ['kill-server'])
  await until('the end of everything', () => processesOf(world).length === 0, { timeoutMs: 30_000, everyMs: 100 })
}

interface Answer {
  sessions: { name: string; changed: boolean; id: string | null }[]
  skipped: { name: string; code: string; why: string }[]
  failed: { name: string; error: { code: string; message: string } }[]
}

function tmuxNames(world: World): string[] {
  return tmux(world, SERVER, ['list-sessions', '-F', '#{session_name}']).split('\n').slice(0, -1)
}

async function outcomeOf(
  world: World,
  session: Session,
  answer: Answer,
  up: readonly string[],
  where: string,
): Promise<Outcome> {
  const { name } = session
  const said = answer.sessions.find(one => one.name === name)
  const skipped = answer.skipped.find(one => one.name === name)
  const failed = answer.failed.find(one => one.name === name)
  const refusal = skipped
    ? { code: skipped.code, why: skipped.why }
    : failed && { code: failed.error.code, why: failed.error.message }
  const isUp = up.includes(name)
  const outcome: Outcome = { where, session, said: said && { changed: said.changed, id: said.id }, refusal, isUp }
  if (!isUp || !isResumable(session)) return outcome
  const text = `again for ${name} in ${where.replaceAll(/\D+/g, '-')}`
  try {
    return { ...outcome, backIn: await say(world, name, text) }
  } catch (error) {
    return { ...outcome, silence: String(error) }
  }
}
