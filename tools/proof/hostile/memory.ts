/** What monitors keep of what they told: `.cache/agent-sessions-monitor/`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { commentOf, hear, NO_NEWS } from '#lib/kanban/news.ts'
import { newsFile } from '#lib/kanban/news-file.ts'
import type { Finding } from '#lib/reconcile/diff/finding.ts'
import { afterTelling, isNews, leftUntold, wasNeverDone, withPending } from '#lib/reconcile/memory.ts'
import { memoryPath, readMemory } from '#lib/reconcile/memory-file.ts'
import { stateFile } from '#lib/reconcile/state-file.ts'
import { type AnyProperty, property } from './border.ts'
import { jsonBytes } from './json-texts.ts'

const drift = {
  class: 'A' as const,
  kind: 'gone',
  name: 'lab-creator-claude',
  server: 'default',
  msg: 'it is gone',
  action: 'terminated',
  evidence: { tmux: 'absent' },
}
const kept = { drift, actionLine: 'terminated: lab', ref: 'default\0lab', before: { status: 'running' } }
const owner = { pid: 77, start: '99', pass: 1 }
const MEMORIES = [
  { schema: 1, told: { person: { 'A gone default lab': 'default' } }, pending: [] },
  { schema: 1, told: {}, pending: [{ ...owner, at: 1_767_225_600, listeners: ['person', 'json'], findings: [kept] }] },
]
const NEWS = [
  { schema: 1, ...NO_NEWS },
  { schema: 1, told: { a: 'default' }, lines: ['A gone: x'], dropped: 2, sent: { text: 'x', lines: 1 } },
]
const finding: Finding = { drift, ref: 'x' } as Finding
const REPORT = { schema: 1, drifts: [{ ...drift, new: true }], servers: [], actions: [] }

const registryOf = (folder: string) => join(folder, 'lab/.hermes/agent-sessions.yaml')

function put(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, bytes, { mode: 0o600 })
}

export const memory: AnyProperty[] = [
  property({
    border: 'memory',
    what: 'of a registry',
    inputs: jsonBytes(MEMORIES),
    prepare: (bytes, folder) => put(join(folder, 'lab/.cache/agent-sessions-monitor/lab.state'), bytes),
    async run(_, folder) {
      const path = await memoryPath(registryOf(folder), {})
      if (!path.startsWith(join(folder, 'lab/.cache/'))) throw new Error(`it is kept at ${path}`)
      const known = await readMemory(path)
      const left = leftUntold(known, 'person', owner, () => false)
      const done = left.flatMap(({ findings }) => findings.map(one => wasNeverDone(one, { tmux_sessions: [] })))
      const next = withPending(known, { ...owner, at: 1, listeners: ['person'], findings: [kept] })
      return {
        value: [
          known,
          isNews(known, 'person', finding),
          done,
          afterTelling(next, 'person', [finding], left, new Set()),
        ],
      }
    },
  }),
  property({
    border: 'memory',
    what: "of a card's monitor, and of notices",
    inputs: jsonBytes(NEWS),
    prepare(bytes, folder) {
      put(join(folder, 'lab/.cache/agent-sessions-monitor/lab.card-t_1.state'), bytes)
      put(join(folder, 'lab/.cache/agent-sessions-monitor/lab.notices.state'), bytes)
    },
    async run(_, folder) {
      const news = (await newsFile(registryOf(folder), 't_1', {})).read()
      const heard = hear(news, REPORT as never)
      const text = commentOf(heard.news, 'now', line => line.slice(0, 400))
      const other = await stateFile(registryOf(folder), 'notices', {}, value => value as object, {})
      return { value: [news, heard, text, other.read()] }
    },
  }),
]
