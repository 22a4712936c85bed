/** `$CODEX_HOME/sessions/YYYY/MM/DD/rollout-<local start>-<thread id>.jsonl` (or .jsonl.zst), later `archived_sessions/`:
 * where Codex keeps conversations (0.169.0). */
import { isAbsolute, join } from 'node:path'
import { namesIn } from './files.ts'
import { isUuid, uuidTimeMs } from './ids.ts'
import type { AgentContext, Artifact } from './types.ts'

const DAY_MS = 86_400_000
/** Ten years of days: a tree beyond that is none of Codex's, and what was not looked at is unknown. */
const MAX_FOLDERS = 4000
const ROLLOUT = /^rollout-.*-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.jsonl(?:\.zst)?$/i

export function codexFolder(env: AgentContext['env']): string | undefined {
  const folder = env['CODEX_HOME'] || (env['HOME'] && join(env['HOME'], '.codex'))
  return folder && isAbsolute(folder) ? folder : undefined
}

/** Where the rollout of a thread is. It is written at the first prompt: where it is, there is a turn. */
export function findRollout(id: string, context: AgentContext): Pick<Artifact, 'state' | 'path'> {
  const folder = codexFolder(context.env)
  if (!isUuid(id) || folder === undefined) return { state: 'unknown' }
  for (const day of likelyDays(id)) {
    const place = join(folder, 'sessions', day)
    const names = namesIn(place)
    if (names === 'unknown') continue
    const name = names?.find(candidate => ROLLOUT.exec(candidate)?.[1] === id)
    if (name !== undefined) return { state: 'present', path: join(place, name) }
  }
  const index = rolloutIndex(folder, context)
  const path = index.paths.get(id)
  if (path !== undefined) return { state: 'present', path }
  return { state: index.isWhole ? 'absent' : 'unknown', path: join(folder, 'sessions') }
}

/** The days in local time on which a thread of this id can have begun, a day to either side for another time zone. */
function likelyDays(id: string): string[] {
  const time = uuidTimeMs(id)
  if (time === undefined) return []
  return [time, time - DAY_MS, time + DAY_MS].map(at => {
    const date = new Date(at)
    const parts = [date.getFullYear(), date.getMonth() + 1, date.getDate()]
    return parts.map(part => String(part).padStart(2, '0')).join('/')
  })
}

interface Index {
  paths: Map<string, string>
  isWhole: boolean
}

/** Kept for one pass. */
const indexes = new WeakMap<AgentContext, Index>()

function rolloutIndex(folder: string, context: AgentContext): Index {
  const known = indexes.get(context)
  if (known) return known
  const index: Index = { paths: new Map(), isWhole: true }
  const queue = [join(folder, 'sessions'), join(folder, 'archived_sessions')]
  for (let seen = 0; queue.length > 0; seen++) {
    const place = queue.pop() as string
    const names = seen < MAX_FOLDERS ? namesIn(place) : 'unknown'
    if (names === 'unknown') {
      index.isWhole = false
      if (seen >= MAX_FOLDERS) break
      continue
    }
    for (const name of names ?? []) {
      const id = ROLLOUT.exec(name)?.[1]
      if (id !== undefined) index.paths.set(id, join(place, name))
      else if (/^\d{2,4}$/.test(name)) queue.push(join(place, name))
    }
  }
  indexes.set(context, index)
  return index
}
