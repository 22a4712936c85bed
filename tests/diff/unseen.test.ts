/** Processes that cannot be looked at: what a pass writes meanwhile must not prove an end later. */
import { expect, test } from 'vitest'
import { diff } from '#lib/reconcile/diff/index.ts'
import type { Here, KnownServer } from '#lib/reconcile/identity.ts'
import { takeOver } from '#lib/reconcile/new-identity.ts'
import { observe } from '#lib/reconcile/observe.ts'
import { type FakeWorld, fakeClaude, fakeMachine } from './fake-machine.ts'
import { anAgent, aRow, aSession, HERE, NOW, SERVER } from './world.ts'

test.each<[string, KnownServer, Here]>([
  ['tmux_server_pid_start', { ...SERVER, pid: 200, start: undefined }, HERE],
  ['boot_id', SERVER, { ...HERE, bootId: undefined }],
  ['host', SERVER, { ...HERE, host: undefined }],
])(
  'a row that another session takes over does not keep the old one’s %s where the new one’s cannot be told',
  (field, server, here) => {
    const { set, unset } = takeOver(aRow(), aSession(), server, here, anAgent(), [], () => false)
    expect(set[field]).toBeUndefined()
    expect(unset).toContain(field)
  },
)

test('a renamed session of a server whose process cannot be looked at is neither gone nor a stray', async () => {
  const world: FakeWorld = {
    nowSec: NOW,
    sessions: [
      {
        id: '$1',
        name: 'lab-2-creator-claude',
        server: 'default',
        created: 1_001_000,
        mark: '',
        panePid: 4001,
        dead: false,
        cwd: '/nowhere/at/all',
        conversation: undefined,
      },
    ],
    servers: { default: 'alive' },
    serverPids: { default: 100 },
    processes: [],
  }
  const machine = fakeMachine(world)
  const unseen = {
    ...machine,
    processes: () => ({ ...machine.processes(), look: () => ({ state: 'unknown' }) as const }),
  }
  const registry = { tmux_sessions: [aRow()] }
  const scope = { registryPath: '/work/.hermes/agent-sessions.yaml', adapters: [fakeClaude(world)] }
  const observation = await observe(unseen, { ...scope, roles: ['creator'], servers: [] }, registry)
  expect(diff(registry, observation)).toEqual([])
})
