/** What must not lie about when all is over. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { tmux } from '../../../tests/harness/tmux.ts'
import { until } from '../../../tests/harness/until.ts'
import { journal, processesOf } from '../live.ts'
import { folderOf, type Lab, SERVERS } from './lab.ts'

const ENDS_MS = 30_000
const MOST_TEMPORARY = 2

/** At the very end: prompts came once, others' sessions are as they were, and nothing is left lying about. */
export async function lastLook(lab: Lab): Promise<void> {
  const counts = new Map<string, number>()
  for (const line of journal(lab.world))
    if (line.kind === 'queue' || (line.kind === 'submit' && !line.wasQueued))
      for (const [text] of lab.prompts) if (line.text.includes(text)) counts.set(text, (counts.get(text) ?? 0) + 1)
  for (const [text, { isSure, name }] of lab.prompts) {
    const count = counts.get(text) ?? 0
    if (count > 1) lab.wrong(`a prompt for ${name} arrived ${count} times`, text)
    if (count === 0 && isSure) lab.wrong(`a prompt for ${name} was acknowledged and never arrived`, text)
    lab.did(isSure ? 'prompts acknowledged' : 'prompts not acknowledged')
  }
  await leftOver(lab)
}

/** What ours were killed over may lie there until the next write; everything else was to be taken away. */
async function leftOver(lab: Lab): Promise<void> {
  // The monitor goes on, and an agent's hook tells of its last turn: only what stays was left.
  const isClean = () => temporaryIn(lab).length <= MOST_TEMPORARY && straysOf(lab).length === 0
  await until('an end of all that was begun', isClean, { timeoutMs: ENDS_MS, everyMs: 200 }).catch(() => undefined)
  const [temporary, strays] = [temporaryIn(lab), straysOf(lab)]
  if (temporary.length > MOST_TEMPORARY) lab.wrong('temporary files were left', temporary.join(', '))
  if (strays.length > 0) lab.wrong('processes of ours were left', strays.join('\n'))
  for (const server of SERVERS) {
    const buffers = linesOf(lab, server, ['list-buffers'])
    if (buffers.length > (lab.tried['commands killed'] ?? 0))
      lab.wrong(`buffers were left on ${server}`, buffers.join('\n'))
    const hooks = linesOf(lab, server, ['show-hooks', '-g']).filter(line => /\[\d+\]/.test(line))
    if (hooks.length > 0) lab.wrong(`hooks were left on ${server}`, hooks.join('\n'))
  }
}

function temporaryIn(lab: Lab): string[] {
  return readdirSync(folderOf(lab), { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.tmp'))
}

function straysOf(lab: Lab): string[] {
  return processesOf(lab.world).flatMap(pid => {
    const words = textOf(`/proc/${pid}/cmdline`).split('\0')
    const isOurs = words.some(word => word.startsWith(BUNDLE) && word.endsWith('.cjs'))
    return isOurs && pid !== lab.monitor?.pid && !isBelow(pid, lab.monitor?.pid) ? [`${pid} ${words.join(' ')}`] : []
  })
}

/** None where the server has just ended with its last session. */
function linesOf(lab: Lab, server: string, words: string[]): string[] {
  try {
    return tmux(lab.world, server, words).split('\n').filter(Boolean)
  } catch {
    return []
  }
}

const BUNDLE = join(import.meta.dirname, '../../..', 'bin')

function isBelow(pid: number, parent: number | undefined): boolean {
  return new RegExp(`^PPid:\\s+${parent}$`, 'm').test(textOf(`/proc/${pid}/status`))
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
