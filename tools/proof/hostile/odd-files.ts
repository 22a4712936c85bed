/** In the place of a file: what a clone can carry, or another program of this user can have left. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { readConfig } from '#lib/agents/config.ts'
import { readBrokerFile } from '#lib/bus/broker-file.ts'
import { busSettings } from '#lib/bus/settings.ts'
import { standingAt } from '#lib/install/mark.ts'
import { readJobs } from '#lib/jobs/store.ts'
import { memoryPath, readMemory } from '#lib/reconcile/memory-file.ts'
import { stateFile } from '#lib/reconcile/state-file.ts'
import { compareBackup } from '#lib/registry/backup.ts'
import { readRegistryFile } from '#lib/registry/store.ts'
import { whoHolds } from '#lib/system/lock-holder.ts'
import { type AnyProperty, property } from './border.ts'

const REGISTRY = 'lab/.hermes/agent-sessions.yaml'
const at = (folder: string) => join(folder, REGISTRY)

const MARK = JSON.stringify({ installed_by: 'agent-sessions', version: '0.1.0', files: { 'SKILL.md': '0'.repeat(64) } })

const KINDS: Record<string, (path: string) => void> = {
  'a link to /dev/zero': path => symlinkSync('/dev/zero', path),
  'a link to a terminal': path => symlinkSync('/dev/tty', path),
  'a link to itself': path => symlinkSync(path, path),
  'a link to nothing': path => symlinkSync('/nonexistent/file', path),
  'a link to a folder': path => symlinkSync('/tmp', path),
  'a link to all of memory': path => symlinkSync('/proc/self/mem', path),
  'a pipe': path => void spawnSync('mkfifo', [path]),
  'a folder': path => mkdirSync(path),
  'a hole of 8 GB': path => {
    writeFileSync(path, '', { mode: 0o600 })
    truncateSync(path, 8 * 2 ** 30)
  },
  'nothing in it': path => writeFileSync(path, '', { mode: 0o600 }),
  'a file nobody may read': path => {
    writeFileSync(path, 'x', { mode: 0o600 })
    chmodSync(path, 0)
  },
}

const PLACES: Record<string, { path: string; read(folder: string): unknown }> = {
  registry: { path: REGISTRY, read: folder => readRegistryFile(at(folder)).then(({ snapshot }) => snapshot.registry) },
  'its .bak': { path: `${REGISTRY}.bak`, read: folder => compareBackup(at(folder)) },
  'its .bak, the registry emptied': {
    path: `${REGISTRY}.bak`,
    read: folder => readRegistryFile(at(folder)).then(({ snapshot }) => snapshot.registry),
  },
  config: {
    path: 'lab/.hermes/agent-sessions.config.yaml',
    read: folder => readConfig(join(folder, 'lab/.hermes/agent-sessions.config.yaml')),
  },
  'a job': { path: 'lab/.hermes/jobs/a.json', read: folder => readJobs(join(folder, 'lab/.hermes/jobs')) },
  'the broker on record': {
    path: 'lab/.hermes/secrets/broker.json',
    read: folder => readBrokerFile(join(folder, 'lab/.hermes/secrets')),
  },
  "a broker's password": {
    path: 'lab/pw',
    read: folder =>
      busSettings({
        env: {},
        config: { url: 'mqtt://h', username: 'u', password_file: join(folder, 'lab/pw') },
        folder,
      }),
  },
  memory: {
    path: 'lab/.cache/agent-sessions-monitor/lab.state',
    read: async folder => readMemory(await memoryPath(at(folder), {})),
  },
  'the mark in an installed skill': {
    path: 'lab/skills/stop/.agent-sessions.json',
    read: folder => standingAt(join(folder, 'lab/skills/stop'), 'stop'),
  },
  'a file in an installed skill': {
    path: 'lab/skills/stop/SKILL.md',
    read: folder => standingAt(join(folder, 'lab/skills/stop'), 'stop'),
  },
  'a lock': { path: 'lab/.hermes/monitor.lock', read: folder => whoHolds(join(folder, 'lab/.hermes/monitor.lock')) },
  'state of a card': {
    path: 'lab/.cache/agent-sessions-monitor/lab.x.state',
    read: async folder => (await stateFile(at(folder), 'x', {}, value => value as object, {})).read(),
  },
}

export const oddFiles: AnyProperty[] = [
  property({
    border: 'odd files',
    what: 'in the place of each file that is read',
    share: 2,
    inputs: fc.record({ place: fc.constantFrom(...Object.keys(PLACES)), kind: fc.constantFrom(...Object.keys(KINDS)) }),
    prepare({ place, kind }, folder) {
      const path = join(folder, PLACES[place]?.path ?? '')
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      mkdirSync(dirname(at(folder)), { recursive: true })
      if (place.startsWith('its .bak'))
        writeFileSync(at(folder), place.endsWith('emptied') ? '' : 'tmux_sessions: []\n')
      KINDS[kind]?.(path)
      if (place === 'a file in an installed skill') writeFileSync(join(dirname(path), '.agent-sessions.json'), MARK)
    },
    run: async ({ place }, folder) => ({ value: await PLACES[place]?.read(folder) }),
  }),
]
