/** `<config>/projects/<key>/<session id>.jsonl`: where Claude Code keeps conversations (2.1.197 and 2.1.329). */
import { dirname, join } from 'node:path'
import { realPath } from '#lib/system/real-path.ts'
import { claudeFolder } from './claude-pid-map.ts'
import { asObject, hasLine, isFile, namesIn, statOf, type Three, tailOf, timeIn } from './files.ts'
import { isUuid } from './ids.ts'
import type { AgentContext, Artifact } from './types.ts'

const LONGEST_KEY = 200

/** The folder name Claude Code makes of a real path: every character outside [A-Za-z0-9] becomes `-`, and past 200 characters
 * a hash of the whole path is appended. Two paths can share a key. */
export function projectKey(path: string): string {
  const key = path.replaceAll(/[^a-zA-Z0-9]/g, '-')
  if (key.length <= LONGEST_KEY) return key
  let hash = 0
  for (let at = 0; at < path.length; at++) hash = ((hash << 5) - hash + path.charCodeAt(at)) | 0
  return `${key.slice(0, LONGEST_KEY)}-${Math.abs(hash).toString(36)}`
}

/** Kept for one pass: a thousand agents stand in a few folders. */
const folders = new WeakMap<AgentContext, Map<string, string[]>>()

/** The folders in which the conversations of a cwd may be, likeliest first. */
export function projectFolders(cwd: string, context: AgentContext): string[] {
  const known = folders.get(context) ?? new Map<string, string[]>()
  folders.set(context, known)
  const places = known.get(cwd) ?? lookUpFolders(cwd, context)
  known.set(cwd, places)
  return places
}

function lookUpFolders(cwd: string, context: AgentContext): string[] {
  const folder = claudeFolder(context.env)
  if (folder === undefined) return []
  const real = realPath(cwd)
  const keys = new Set<string>()
  const override = context.env['CLAUDE_CODE_PROJECT_DIR_NAME']
  if (context.env['CLAUDE_CONFIG_DIR'] && override && /^[A-Za-z0-9_-]{1,64}$/.test(override)) keys.add(override)
  for (const path of [real, real.normalize('NFC'), cwd]) keys.add(projectKey(path))
  return [...keys].map(key => join(folder, 'projects', key))
}

export interface Transcript {
  state: Artifact['state']
  /** The file found, or where it was looked for first. */
  path?: string
}

/** Where the transcript of an id is: in the folder of its cwd, else in whichever folder has it, so that a key that we
 * make differently than another version never makes a transcript missing. */
export function findTranscript(id: string, cwd: string | undefined, context: AgentContext): Transcript {
  const folder = claudeFolder(context.env)
  if (!isUuid(id) || folder === undefined) return { state: 'unknown' }
  const expected = (cwd ? projectFolders(cwd, context) : []).map(place => `${place}/${id}.jsonl`)
  for (const path of expected) if (isFile(path) === 'yes') return { state: 'present', path }

  const index = transcriptIndex(join(folder, 'projects'), context)
  const path = index.paths.get(id)
  if (path !== undefined && isFile(path) === 'yes') return { state: 'present', path }
  const looked = expected[0] ?? join(folder, 'projects')
  return { state: index.isWhole ? 'absent' : 'unknown', path: looked }
}

interface Index {
  paths: Map<string, string>
  isWhole: boolean
}

/** Kept for one pass: a thousand ids without a transcript must not list every folder a thousand times. */
const indexes = new WeakMap<AgentContext, Index>()

function transcriptIndex(projects: string, context: AgentContext): Index {
  const known = indexes.get(context)
  if (known) return known
  const index: Index = { paths: new Map(), isWhole: true }
  const folders = namesIn(projects)
  // No home at all (cron, sudo): somebody else's ids are looked for in the wrong place.
  if (folders === undefined && statOf(dirname(dirname(projects))) === undefined) index.isWhole = false
  if (folders === 'unknown') index.isWhole = false
  else
    for (const folder of folders ?? []) {
      const names = namesIn(join(projects, folder))
      if (names === 'unknown') index.isWhole = false
      else
        for (const name of names ?? [])
          if (name.endsWith('.jsonl')) index.paths.set(name.slice(0, -'.jsonl'.length), join(projects, folder, name))
    }
  indexes.set(context, index)
  return index
}

/** Conversations of the same folder with a turn that began after this one was last written to, and after `sinceSec`. */
export function transcriptsAfter(
  id: string,
  cwd: string,
  sinceSec: number | undefined,
  context: AgentContext,
): string[] {
  const { state, path } = findTranscript(id, cwd, context)
  if (state !== 'present' || path === undefined) return []
  const folder = dirname(path)
  const lastMs = Math.max(modifiedMs(path), (sinceSec ?? 0) * 1000)
  // A folder's own time is that of its youngest file's making.
  if (modifiedMs(folder) <= lastMs) return []
  const names = namesIn(folder)
  return (names === 'unknown' ? [] : (names ?? []))
    .filter(name => name.endsWith('.jsonl') && isUuid(name.slice(0, -'.jsonl'.length)))
    .filter(name => modifiedMs(join(folder, name)) > lastMs && beganMs(join(folder, name)) > lastMs)
    .filter(name => holdsTurn(join(folder, name)) !== 'no' && !beganAsPrint(join(folder, name)))
    .map(name => name.slice(0, -'.jsonl'.length))
    .filter(other => other !== id)
}

/** Did it begin as a print-mode run, which no pane holds? */
function beganAsPrint(path: string): boolean {
  let first: Record<string, unknown> | undefined
  hasLine(path, '"user"', line => {
    first = turnOf(line)
    return first !== undefined
  })
  return first !== undefined && isPrint(first)
}

/** Is it a turn of a print-mode run (`sdk-cli` and the like)? */
export function isPrint({ entrypoint }: Record<string, unknown>): boolean {
  return typeof entrypoint === 'string' && entrypoint.startsWith('sdk')
}

function modifiedMs(path: string): number {
  const stats = statOf(path)
  return typeof stats === 'object' ? stats.mtimeMs : 0
}

/** The first time that stands in it; 0 when none does. */
export function beganMs(path: string): number {
  let began = 0
  hasLine(path, '"timestamp"', line => {
    began = timeIn(asObject(line)?.['timestamp']) || 0
    return began > 0
  })
  return began
}

/** Does the transcript hold a turn of the user's? Without one it cannot be resumed, or holds nothing worth it. */
export function holdsTurn(path: string): Three {
  const asked = hasLine(path, '"user"', line => turnOf(line) !== undefined)
  // A command that is a prompt (/init, /review) is known from one that is not by its answer.
  return asked === 'no' ? hasLine(path, '"assistant"', isAnswer) : asked
}

/** The line as a turn of the user's; undefined when it is none. Sub-agents' lines are not, and neither are those that the
 * program writes in the user's name: after /clear the new transcript begins with two of them (seen on 2.1.197). */
export function turnOf(line: string): Record<string, unknown> | undefined {
  const entry = asObject(line)
  return entry && isTurn(entry) ? entry : undefined
}

export function isTurn(entry: Record<string, unknown>): boolean {
  if (entry['type'] !== 'user' || entry['isSidechain'] === true || entry['isMeta'] === true) return false
  const { message } = entry
  const content = typeof message === 'object' && message !== null && 'content' in message ? message.content : undefined
  return typeof content !== 'string' || !/^\s*<(?:command-(?:name|message)|local-command-)/.test(content)
}

function isAnswer(line: string): boolean {
  const entry = asObject(line)
  return entry?.['type'] === 'assistant' && entry['isSidechain'] !== true && entry['isApiErrorMessage'] !== true
}

/** The error that ended the last answer (`rate_limit`, `billing_error` …); undefined when it ended well. */
export function lastApiError(path: string): string | undefined {
  for (const line of (tailOf(path) ?? '').split('\n').reverse()) {
    const entry = line === '' ? undefined : asObject(line)
    if (!entry || entry['isSidechain'] === true) continue
    if (isTurn(entry)) return undefined
    if (entry['type'] !== 'assistant') continue
    const { error, isApiErrorMessage } = entry
    return isApiErrorMessage === true && typeof error === 'string' ? error : undefined
  }
  return undefined
}
