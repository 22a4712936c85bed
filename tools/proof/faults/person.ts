/** What people do meanwhile with sessions, by our commands and by tmux. What they were promised is remembered. */
import { tmux } from '../../../tests/harness/tmux.ts'
import { alone, at, command, freshText } from './command.ts'
import { isHarmed, keyOf, type Lab, type Name, type Promised, registryText, rowIn } from './lab.ts'
import { livesIn } from './processes.ts'

export const create = alone(async (lab, name, random) => {
  const text = random() < 0.3 ? freshText(random) : undefined
  const words = ['create', '--agent', name.cli, '--name', name.name, '--server', name.server, '--wait-ready', '40']
  if (random() < 0.3) words.push('--replace')
  if (text !== undefined) {
    words.push('--prompt', text)
    lab.prompts.set(text, { isSure: false, name: keyOf(name) })
  }
  // One that is killed may have been taken back, or may not.
  lab.mayEnd.add(keyOf(name))
  // Several at once: one session, and the same answer for all.
  const many = text === undefined && random() < 0.15 ? 3 : 1
  const all = await Promise.all(Array.from({ length: many }, () => command(lab, words)))
  for (const done of all) {
    if (done.code !== 0) continue
    lab.did('created, acknowledged')
    promise(lab, name, 'running')
    if (text !== undefined && done.json?.['created'] === true)
      lab.prompts.set(text, { isSure: true, name: keyOf(name) })
  }
})

export const stop = alone(async (lab, name, random) => {
  const isArchive = random() < 0.15
  lab.mayEnd.add(keyOf(name))
  const done = await command(lab, ['stop', ...at(name), '--timeout', '5', ...(isArchive ? ['--archive'] : [])])
  if (done.code !== 0) return
  lab.did('stopped, acknowledged')
  const [said, ...more] = (done.json?.['sessions'] ?? []) as { name: string; status: string }[]
  if (said?.name !== name.name || more.length > 0)
    lab.wrong(`stop ${name.name} was about another`, JSON.stringify(done.json))
  const status = said?.status
  if (status === 'stopped' || status === 'archived') lab.promised.set(keyOf(name), status satisfies Promised)
  promise(lab, name, 'ended')
})

export const resume = alone(async (lab, name) => {
  const before = rowIn(lab, name)
  const done = await command(lab, ['resume', ...at(name), '--wait-ready', '40'])
  if (done.code !== 0) return
  lab.did('resumed, acknowledged')
  promise(lab, name, 'running')
  const [said] = (done.json?.['sessions'] ?? []) as { id: string | null; changed: boolean }[]
  const old = before && Object.entries(before).find(([key]) => key.endsWith('_id_own') && key.startsWith(name.cli))?.[1]
  if (said?.changed && typeof old === 'string' && old !== '' && said.id !== old)
    lab.wrong(`${name.name} was resumed in ${said.id}, and its conversation was ${old}`, JSON.stringify(done.json))
})

/** What an exit 0 says is so, that very moment, unless a fault came. */
function promise(lab: Lab, name: Name, what: 'running' | 'ended'): void {
  const row = rowIn(lab, name)
  if (row === undefined) {
    lab.wrong(`${keyOf(name)} has no row after exit 0`, registryText(lab))
    return
  }
  const key = `${row['tmux_server_pid']} ${row['tmux_server_pid_start']} ${row['tmux_session_id']}`
  const lives = livesIn(lab.world).lives.has(key)
  if (what === 'ended' && lives) lab.wrong(`${keyOf(name)} was said to be stopped, and lives`, JSON.stringify(row))
  const isClosed = [...lab.jobs.values()].some(job => job.reported && keyOf(job) === keyOf(name))
  if (what === 'running' && !lives && !isHarmed(lab, key) && !isClosed)
    lab.wrong(`${keyOf(name)} was said to run, and does not`, JSON.stringify(row))
}

/** A person starts an agent in tmux, without us. */
export const startByHand = alone(async (lab, { server, name, cli }) => {
  const made = await byTmux(lab, server, ['new-session', '-d', '-s', name, '-c', lab.world.workspace, '--', cli])
  if (made) lab.did('sessions started by hand')
})

/** A person ends a session in tmux, without us. */
export const killByHand = alone(async (lab, { server, name }) => {
  lab.mayEnd.add(keyOf({ server, name }))
  const ended = await byTmux(lab, server, ['kill-session', '-t', `=${name}:`])
  if (ended) lab.did('sessions ended by hand')
})

async function byTmux(lab: Lab, server: string, words: string[]): Promise<boolean> {
  const isStopped = [...lab.stopped.keys()].some(pid => livesIn(lab.world).servers.get(pid)?.name === server)
  if (isStopped) return false
  try {
    tmux(lab.world, server, words)
    lab.say(`by hand on ${server}: ${words.join(' ')}`)
    return true
  } catch (error) {
    lab.say(`by hand: ${String(error).slice(0, 200)}`)
    return false
  }
}

/** Somebody means a session that is not there; the beginning of its name is that of others, who must not be taken for it. */
export async function stopNobody(lab: Lab, { server, name }: Name): Promise<void> {
  const prefix = name.slice(0, -1)
  if (lab.names.some(one => one.name === prefix)) return
  const done = await command(lab, ['stop', prefix, '--server', server, '--timeout', '5'])
  if (done.isHarmed) return
  lab.did('names of nobody')
  if (done.code === 0)
    lab.wrong(`stop ${prefix} stopped something, and nobody has that name`, JSON.stringify(done.json))
}
