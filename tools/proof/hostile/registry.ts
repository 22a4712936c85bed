/** `.hermes/agent-sessions.yaml`, its .bak and its archive. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { archivedRows } from '#lib/registry/archive.ts'
import { compareBackup } from '#lib/registry/backup.ts'
import { applyChanges } from '#lib/registry/edit.ts'
import { readRegistryBytes } from '#lib/registry/read.ts'
import { rowsOf, serverOf } from '#lib/registry/rows.ts'
import { readRegistryFile } from '#lib/registry/store.ts'
import { ended, fullRow, legacyRow } from '../../../tests/harness/rows.ts'
import { type AnyProperty, property } from './border.ts'
import { yamlBytes } from './yaml-texts.ts'

const LIVE = {
  name: 'lab-creator-claude',
  server: 'default',
  id: '$3',
  created: 1_767_225_600,
  panePid: 4242,
  serverPid: 4000,
  serverStart: '123456',
  socket: '/tmp/tmux-0/default',
  cwd: '/lab',
}
const ROWS = [
  fullRow(LIVE as never, { claude_session_id_own: '33333333-3333-4333-8333-333333333333' }),
  ended(legacyRow({ ...LIVE, name: 'lab-old' } as never), 'terminated', 1_767_225_700),
]
const OP = { kind: 'create', pid: 77, pid_start: '99', at: '2026-01-01T00:00:00Z', boot_id: 'b' }
export const REGISTRIES = [
  { tmux_sessions: ROWS },
  {
    tmux_sessions: [{ ...ROWS[0], op: OP, worktree: { path: '/w', branch: 'b' }, env_names: ['A'] }],
    agent_identities: {},
  },
  { tmux_sessions: [{ name: 'a', status: 'running' }] },
]
const FILE = 'agent-sessions.yaml'
const put = (bytes: Buffer, folder: string) => writeFileSync(join(folder, FILE), bytes, { mode: 0o600 })

export const registry: AnyProperty[] = [
  property({
    border: 'registry',
    what: 'read, and a change of its first row tried',
    inputs: yamlBytes(REGISTRIES),
    share: 3,
    file: FILE,
    async run(bytes, folder) {
      const snapshot = await readRegistryBytes(bytes, join(folder, FILE))
      const [first] = rowsOf(snapshot.registry)
      if (first === undefined || snapshot.text.length > 100_000) return { value: snapshot.registry }
      const set = { last_visible_status: 'idle', pane: { pid: 1 } }
      const change = { kind: 'set' as const, server: serverOf(first), name: first.name, set, unset: ['op'] }
      const { text } = await applyChanges(snapshot, [change])
      // Whatever it wrote must be a registry again.
      const after = await readRegistryBytes(Buffer.from(text), join(folder, FILE))
      return { value: [snapshot.registry, after.registry] }
    },
  }),
  property({
    border: 'registry',
    what: 'read as a file',
    inputs: yamlBytes(REGISTRIES, 4096),
    share: 0.5,
    file: FILE,
    prepare: put,
    run: async (_, folder) => ({ value: (await readRegistryFile(join(folder, FILE))).snapshot.registry }),
  }),
  property({
    border: 'registry',
    what: 'compared with its .bak',
    inputs: fc.tuple(yamlBytes(REGISTRIES, 1 << 18), yamlBytes(REGISTRIES, 1 << 18)),
    file: FILE,
    prepare([now, before], folder) {
      put(now, folder)
      writeFileSync(join(folder, `${FILE}.bak`), before)
    },
    run: async (_, folder) => ({ value: await compareBackup(join(folder, FILE)) }),
  }),
  property({
    border: 'registry',
    what: 'its archive',
    inputs: yamlBytes(REGISTRIES),
    file: 'agent-sessions.archive.yaml',
    run: (bytes, folder) => ({
      value: archivedRows(bytes.toString('utf8'), join(folder, 'agent-sessions.archive.yaml')),
    }),
  }),
]
