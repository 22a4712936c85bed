/** What must not lie about when all is over. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { tmux } from '../../../tests/harness/tmux.ts'
import { journal, processesOf } from '../live.ts'
import { folderOf, type Lab, SERVERS } from './lab.ts'

/** At the very end: prompts came once, others' sessions are as they were, and nothing is left lying about. */
export function lastLook(lab: Lab): void {
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
  leftOver(lab)
}

/** What ours were killed over may lie there until the next write; everything else was to be taken away. */
function leftOver(lab: Lab): void {
  const files = readdirSync(folderOf(lab), { recursive: true, encoding: 'utf8' })
  const temporary = files.filter(file => file.endsWith('.tmp'))
  if (temporary.length > 2) lab.wrong('temporary files were left', temporary.join(', '))
  for (const server of SERVERS) {
    const buffers = linesOf(lab, server, ['list-buffers'])
    if (buffers.length > (lab.tried['commands killed'] ?? 0))
      lab.wrong(`buffers were left on ${server}`, buffers.join('\n'))
    const hooks = linesOf(lab, server, ['show-hooks', '-g']).filter(line => /\[\d+\]/.test(line))
    if (hooks.length > 0) lab.wrong(`hooks were left on ${server}`, hooks.join('\n'))
  }
  const strays = processesOf(lab.world).flatMap(pid => {
    const words = textOf(`/proc/${pid}/cmdline`).split('\0')
    const isOurs = words.some(word => word.startsWith(BUNDLE) && word.endsWith('.cjs'))
    return isOurs && pid !== lab.monitor?.pid && !isBelow(pid, lab.monitor?.pid) ? [`${pid} ${words.join(' ')}`] : []
  })
  if (strays.length > 0) lab.wrong('processes of ours were left', strays.join('\n'))
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
