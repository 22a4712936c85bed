import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Finding } from '#lib/reconcile/diff/finding.ts'
import { diff } from '#lib/reconcile/diff/index.ts'
import { observe, type Scope } from '#lib/reconcile/observe.ts'
import { completeStray, rowOfStray } from '#lib/reconcile/register.ts'
import type { Observation } from '#lib/reconcile/sights.ts'
import type { Change } from '#lib/registry/change.ts'
import { keyOf, rowKey } from '#lib/registry/rows.ts'
import type { Registry, Row } from '#lib/registry/schema.ts'
import { type FakeSession, type FakeWorld, fakeClaude, fakeMachine } from './fake-machine.ts'
import { aRow, ID, NOW, OTHER_ID } from './world.ts'

const NAMES = ['lab-creator-claude', 'lab-2-creator-claude', 'lab-creator-claude2', 'x-creator-claude']
const SERVERS = ['default', 'other']

const session: fc.Arbitrary<FakeSession> = fc.record({
  id: fc.constantFrom('$1', '$2', '$3'),
  name: fc.constantFrom(...NAMES),
  server: fc.constantFrom(...SERVERS),
  created: fc.constantFrom(1_001_000, 1_001_500),
  mark: fc.constantFrom('', '/other/.hermes/agent-sessions.yaml'),
  panePid: fc.constantFrom(4001, 4002, 4003, 4004),
  dead: fc.boolean(),
  cwd: fc.constant('/nowhere/at/all'),
  conversation: fc.option(fc.record({ id: fc.constantFrom(ID, OTHER_ID), turn: fc.boolean() }), { nil: undefined }),
})

const row: fc.Arbitrary<Row> = fc
  .record({
    name: fc.constantFrom(...NAMES),
    status: fc.constantFrom('running', 'running', 'stopped', 'terminated', 'archived'),
    tmux_server: fc.constantFrom(...SERVERS),
    tmux_session_id: fc.constantFrom('$1', '$2', '$3'),
    tmux_server_pid: fc.constantFrom(100, 101, 102),
    pane: fc.record({ pid: fc.constantFrom(4001, 4002, 4009), cwd: fc.constant('/work') }),
    claude_session_id_own: fc.option(fc.constantFrom(ID, OTHER_ID), { nil: null }),
    host: fc.constantFrom('here', 'there'),
    boot_id: fc.constantFrom('boot-1', 'boot-0'),
    updated_at_epoch: fc.constantFrom(NOW - 2, NOW - 100),
    op: fc.option(
      fc.constantFrom(
        { kind: 'create', pid: 900, pid_start: '1', at: 1 } as const,
        { kind: 'stop', pid: 901, pid_start: '1', at: 1 } as const,
      ),
      { nil: null },
    ),
    legacy: fc.boolean(),
  })
  .map(({ legacy, ...fields }) => {
    const full = aRow(fields as Partial<Row>)
    if (!legacy) return full
    const { tmux_session_id, tmux_server_pid, tmux_server_pid_start, host, boot_id, ...rest } = full
    return rest as Row
  })

const world: fc.Arbitrary<FakeWorld> = fc.record({
  nowSec: fc.constant(NOW),
  sessions: fc.uniqueArray(session, { maxLength: 4, selector: one => `${one.server} ${one.id}` }).map(unique),
  servers: fc.record({
    default: fc.constantFrom('alive', 'alive', 'absent', 'unknown'),
    other: fc.constantFrom('alive', 'absent', 'unknown'),
  }),
  serverPids: fc.constant({ default: 100, other: 101 }),
  // 100 and 101 are the servers, 900 a living command; 102 and 901 are gone.
  processes: fc.constant([
    { pid: 100, ppid: 1, start: '500', comm: 'tmux: server' },
    { pid: 101, ppid: 1, start: '500', comm: 'tmux: server' },
    { pid: 900, ppid: 1, start: '1', comm: 'node' },
    ...[4001, 4002, 4003, 4004].map(pid => ({ pid, ppid: 100, start: '600', comm: 'claude' })),
  ]),
})

/** tmux has a name and a pane only once per server. */
function unique(sessions: FakeSession[]): FakeSession[] {
  const seen = new Set<string>()
  return sessions.filter(one => {
    const keys = [`${one.server} ${one.name}`, `${one.panePid}`]
    if (keys.some(key => seen.has(key))) return false
    for (const key of keys) seen.add(key)
    return true
  })
}

const rows = fc.uniqueArray(row, { maxLength: 5, selector: keyOf })

const scopeOf = (made: FakeWorld): Scope => ({
  registryPath: '/work/.hermes/agent-sessions.yaml',
  adapters: [fakeClaude(made)],
  roles: ['creator'],
  servers: ['default'],
})

async function pass(made: FakeWorld, registry: Registry) {
  const observation = await observe(fakeMachine(made), scopeOf(made), registry)
  return { observation, findings: diff(registry, observation) }
}

function applied(registry: Registry, changes: Change[]): Registry {
  let list = [...(registry.tmux_sessions ?? [])]
  for (const change of changes) {
    if (change.kind === 'add') list.push(change.row)
    else if (change.kind === 'remove') list = list.filter(one => keyOf(one) !== rowKey(change.server, change.name))
    else
      list = list.map(one => {
        if (keyOf(one) !== rowKey(change.server, change.name)) return one
        const next: Record<string, unknown> = { ...one }
        for (const [key, value] of Object.entries(change.set)) {
          const isMap = typeof value === 'object' && value !== null && !Array.isArray(value)
          next[key] = isMap ? { ...(one[key] as object | null), ...value } : value
        }
        for (const key of change.unset ?? []) delete next[key]
        return next as Row
      })
  }
  return { ...registry, tmux_sessions: list }
}

const changesOf = (findings: Finding[], made: FakeWorld, observation: Observation) =>
  findings.flatMap(({ change, register }): Change[] => {
    if (register) return [{ kind: 'add', row: rowOfStray(completeStray(register, contextOf(made)), observation) }]
    return change ? [change] : []
  })
const contextOf = (made: FakeWorld) => ({ env: {}, processes: fakeMachine(made).processes() })
const runs = { numRuns: Number(process.env['FC_RUNS'] ?? 400), seed: 20_261_121 }

describe('whatever the registry and tmux look like', () => {
  it('a second pass on the result finds nothing to do', async () => {
    await fc.assert(
      fc.asyncProperty(world, rows, async (made, list) => {
        const first = await pass(made, { tmux_sessions: list })
        const marked = { ...made, sessions: made.sessions.map(one => ({ ...one, mark: one.mark })) }
        const second = await pass(
          marked,
          applied({ tmux_sessions: list }, changesOf(first.findings, made, first.observation)),
        )
        expect(changesOf(second.findings, marked, second.observation)).toEqual([])
      }),
      runs,
    )
  })

  it('the order of the rows and of the listing does not matter', async () => {
    await fc.assert(
      fc.asyncProperty(world, rows, async (made, list) => {
        const one = await pass(made, { tmux_sessions: list })
        const turned = { ...made, sessions: made.sessions.toReversed() }
        const other = await pass(turned, { tmux_sessions: list.toReversed() })
        const told = ({ drift, change, actionLine }: Finding) => ({ drift, change, actionLine })
        expect(other.findings.map(told)).toEqual(one.findings.map(told))
      }),
      runs,
    )
  })

  it('an end-state row changes only by being revived or cleaned of a dead op', async () => {
    await fc.assert(
      fc.asyncProperty(world, rows, async (made, list) => {
        const { findings } = await pass(made, { tmux_sessions: list })
        for (const { drift, change } of findings) {
          const target = list.find(one => keyOf(one) === rowKey(drift.server, drift.name))
          if (!change || !target || target.status === 'running') continue
          expect(['revived', 'op-died']).toContain(drift.kind)
          if (drift.kind === 'revived') expect(target.status).not.toBe('archived')
        }
      }),
      runs,
    )
  })

  it('nothing is written for what is unknown', async () => {
    await fc.assert(
      fc.asyncProperty(world, rows, async (made, list) => {
        const { findings, observation } = await pass(made, { tmux_sessions: list })
        for (const { drift, change, register } of findings) {
          if (!(change ?? register) || drift.kind === 'op-died') continue
          const sight = observation.rows.get(rowKey(drift.server, drift.name))
          if (!sight) continue
          expect(sight.row.host ?? 'here').toBe('here')
          expect(sight.op).not.toBe('living')
          // A hanging server says nothing, except that an earlier boot's sessions are gone.
          if (made.servers[drift.server] === 'unknown') expect(sight.presence.byReboot).toBe(true)
          if (drift.kind === 'gone') expect(sight.presence.own).toBe('absent')
        }
      }),
      runs,
    )
  })

  it('no session that lives is ever marked ended', async () => {
    await fc.assert(
      fc.asyncProperty(world, rows, async (made, list) => {
        const { findings } = await pass(made, { tmux_sessions: list })
        for (const { drift } of findings) {
          if (drift.kind !== 'gone') continue
          const target = list.find(one => keyOf(one) === rowKey(drift.server, drift.name)) as Row
          const lives = made.sessions.some(
            one => one.server === drift.server && !one.dead && isTheRows(target, one, made),
          )
          expect(lives).toBe(false)
        }
      }),
      runs,
    )
  })
})

/** Is it the row's session, told by what the world knows and the engine may not see (a server without its socket)? */
function isTheRows(target: Row, one: FakeSession, made: FakeWorld): boolean {
  if (target.boot_id === 'boot-0') return false
  if (target.tmux_server_pid)
    return made.serverPids[one.server] === target.tmux_server_pid && one.id === target.tmux_session_id
  return one.name === target.name && one.panePid === target.pane?.pid
}
