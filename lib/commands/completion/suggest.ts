/** Which words may come next. Flags are read from the help texts, so that they cannot become stale. */
import { realpathSync } from 'node:fs'
import { agentNames } from '#lib/agents/table.ts'
import { findRegistry } from '#lib/registry/locate.ts'
import { rowsOf } from '#lib/registry/rows.ts'
import { readRegistryFile } from '#lib/registry/store.ts'
import { COMMANDS } from '../commands.ts'
import { currentFolder } from '../current-folder.ts'
import { visible } from '../visible.ts'
import { SCRIPTS } from './scripts.ts'

/** Whose sessions a command takes by name. */
const TAKES_SESSIONS: Readonly<Record<string, 'running' | 'ended' | 'all'>> = {
  attach: 'running',
  stop: 'running',
  resume: 'ended',
  status: 'all',
  'delegate-job submit': 'running',
}

const TAKES_OPEN_JOBS = ['delegate-job wait', 'delegate-job cancel', 'delegate-job emit']
const TAKES_JOBS = ['delegate-job show', 'delegate-job retry']
const EVENTS = ['completed', 'error', 'progress', 'started']

/** @param words those after the program's name; the last one is being written, and may be empty. */
export async function suggest(
  words: readonly string[],
  env: Record<string, string | undefined>,
): Promise<readonly string[]> {
  const current = words.at(-1) ?? ''
  const all = await candidates(words.slice(0, -1), current, env)
  // A word that a terminal would obey is no help on a command line.
  return [...new Set(all)].filter(word => word.startsWith(current) && visible(word) === word)
}

async function candidates(
  before: readonly string[],
  current: string,
  env: Record<string, string | undefined>,
): Promise<readonly string[]> {
  const [name = '', ...rest] = before
  if (before.length === 0) return current.startsWith('-') ? ['--help', '--version'] : Object.keys(COMMANDS)
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (entry === undefined) return []
  const command = await entry.load()
  const help = (await command.helpOf?.(rest)) ?? command.help
  if (current.startsWith('-')) return flagsIn(help)
  const flag = before.at(-1) ?? ''
  if (flag === '--agent') return agentNames
  // Its value is a file, a number, a text: the shell's own completion knows more.
  if (flag.startsWith('--') && takesValue(help, flag)) return []
  if (name === 'delegate-job' && rest.length === 0) return wordsIn(help)
  if (name === 'completion') return rest.length === 0 ? Object.keys(SCRIPTS) : []
  if (name === 'install') return (await import('#lib/install/bundle.ts')).bundledSkills().names
  const what = name === 'delegate-job' ? `${name} ${rest[0]}` : name
  if (what === 'delegate-job emit' && rest.length > 1) return EVENTS
  if (TAKES_OPEN_JOBS.includes(what)) return jobs(before, env, true)
  if (TAKES_JOBS.includes(what)) return jobs(before, env, false)
  const which = TAKES_SESSIONS[what]
  return which === undefined ? [] : sessions(before, env, which)
}

function flagsIn(help: string): string[] {
  return [...flagTextIn(help).matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([flag]) => flag)
}

/** A flag with a value has it behind one space: `--registry FILE`, `--size 140x40`. */
function takesValue(help: string, flag: string): boolean {
  return new RegExp(`(?<![\\w-])${flag} \\(?\\w`).test(flagTextIn(help))
}

/** The usage, and the flags in the list below it: what is said of them may name those of other commands. */
function flagTextIn(help: string): string {
  const usage = /^usage:[\s\S]*?\n\n/m.exec(help)?.[0] ?? ''
  const listed = [...help.matchAll(/^ +(--.*?)(?: {2,}|$)/gm)].map(([, flags]) => flags)
  return [usage, ...listed].join('\n')
}

/** `usage: delegate-job submit …`, a line for each. */
function wordsIn(help: string): string[] {
  return [...help.matchAll(/^(?:usage:)? +delegate-job ([a-z]+)/gm)].map(([, word = '']) => word)
}

function registryOf(before: readonly string[], env: Record<string, string | undefined>): string | undefined {
  const at = before.lastIndexOf('--registry')
  const { path } = findRegistry({ flag: at < 0 ? undefined : before[at + 1], env, cwd: currentFolder() })
  return path === undefined ? undefined : realpathSync(path)
}

async function sessions(
  before: readonly string[],
  env: Record<string, string | undefined>,
  which: 'running' | 'ended' | 'all',
): Promise<string[]> {
  const path = registryOf(before, env)
  if (path === undefined) return []
  const rows = rowsOf((await readRegistryFile(path)).snapshot.registry)
  return rows
    .filter(row => which === 'all' || (row.status === 'running') === (which === 'running'))
    .map(row => String(row.name))
}

async function jobs(
  before: readonly string[],
  env: Record<string, string | undefined>,
  open: boolean,
): Promise<string[]> {
  const path = registryOf(before, env)
  if (path === undefined) return []
  const [{ jobsFolder, readJobs }, { isOpen, stateAt }] = await Promise.all([
    import('#lib/jobs/store.ts'),
    import('#lib/jobs/steps.ts'),
  ])
  return readJobs(jobsFolder(path))
    .jobs.filter(job => !open || isOpen(stateAt(job, Date.now())))
    .map(job => job.id)
}
