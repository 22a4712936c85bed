/** Rows of every state about a model's sessions, some with all that makes a session that one, some as older tools wrote them. */
import type { Row } from '#lib/registry/schema.ts'
import { pick } from '../texts.ts'
import type { Model, ModelServer, ModelSession } from './model.ts'

/** `full`: ids of session and server process. `traces`: the pid of its pane and a time. `name`: a name and a time. */
export type Knowledge = 'full' | 'traces' | 'name'

export interface ModelRow {
  row: Row
  knowledge: Knowledge
  /** The session it speaks of; undefined: of another host's. */
  session: ModelSession | undefined
  server: ModelServer | undefined
}

export const HOST = 'here'
const STATES = ['running', 'running', 'running', 'running', 'stopped', 'terminated', 'archived'] as const
const MIXED: readonly Knowledge[] = ['full', 'full', 'full', 'traces', 'traces', 'name']
const CROWD: readonly Knowledge[] = [...Array<Knowledge>(8).fill('full'), 'traces']
const NAMES = ['creator-claude', 'zwei Wörter', 'a=b', '日本-claude', "it's", '$x', '-n', 'x;']

/** At most twelve rows on one to three servers, whose sessions have lived for a while. */
export function makeRows(model: Model, registry: string): ModelRow[] {
  const { random } = model
  // Half of the worlds have enough rows on one server for many of them to go at once.
  const isCrowd = random() < 0.6
  const most = isCrowd ? 1 : 3
  const servers = ['default', 'lab', 'two words']
    .slice(0, 1 + Math.floor(random() * most))
    .map(name => model.server(name))
  const count = isCrowd ? 8 + Math.floor(random() * 5) : Math.floor(random() * 13)
  const rows: ModelRow[] = []
  for (let n = 0; n < count; n++) {
    model.now += pick(random, [1, 30, 3600])
    const knowledge = pick(random, isCrowd ? CROWD : MIXED)
    rows.push(makeRow(model, pick(random, servers), `${n}-${pick(random, NAMES)}`, knowledge, registry))
  }
  model.now += 3600
  for (const { row, session } of rows) {
    // A few lie: an ended row's own session lives.
    const isEnded = row.status !== 'running'
    if (session?.lives && random() < (isEnded ? 0.8 : 0.2)) model.endSession(session)
    if (isEnded) Object.assign(row, { terminated_at_epoch: Math.floor(model.wall), termination_mode: 'by hand' })
  }
  for (const server of servers) if (random() < 0.15) model.endServer(server)
  return rows
}

function makeRow(model: Model, server: ModelServer, name: string, knowledge: Knowledge, registry: string): ModelRow {
  const { random } = model
  const session = model.session(server, name, knowledge === 'full' ? registry : '')
  const isElsewhere = knowledge === 'full' && random() < 0.06
  const row: Row = {
    name,
    status: pick(random, STATES),
    tmux_session_epoch: session.created,
    ...(server.name === 'default' && random() < 0.5 ? {} : { tmux_server: server.name }),
    agent: 'claude',
    ...(knowledge === 'name' ? {} : { pane: { index: 0, pid: session.panePid, cmd: 'claude', cwd: '/nowhere' } }),
    ...(knowledge === 'full' ? identity(model, server, session) : {}),
    ...(isElsewhere ? { host: 'there' } : {}),
  }
  if (knowledge === 'full' && random() < 0.1) row.op = { kind: 'stop', ...owner(model), at: Math.floor(model.wall) }
  return isElsewhere ? { row, knowledge, session: undefined, server: undefined } : { row, knowledge, session, server }
}

function identity(model: Model, server: ModelServer, session: ModelSession): Partial<Row> {
  return {
    tmux_session_id: session.id,
    tmux_server_pid: server.pid,
    tmux_server_pid_start: server.start,
    tmux_socket_path: server.socketPath,
    // A row of a system that has no such word.
    ...(model.random() < 0.1 ? {} : { boot_id: bootId(model) }),
    host: HOST,
  }
}

/** A command that lives, or one that died. */
function owner(model: Model): { pid: number; pid_start: string } {
  const { pid, start } = model.process('node', 1)
  if (model.random() < 0.5) model.processes.delete(pid)
  return { pid, pid_start: start }
}

export const bootId = (model: Model) => `boot-${model.boot}`
