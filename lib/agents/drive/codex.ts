/** How Codex is driven. Source: 0.169.0 run against a loopback API. */
import { basename } from 'node:path'
import { CodedError, EXIT } from '#lib/system/errors.ts'
import { statOf } from '../files.ts'
import { codexAbout } from './codex-about.ts'
import { codexInput } from './codex-input.ts'
import { codexMark, codexMessages } from './codex-record.ts'
import { removeAll } from './removal.ts'
import type { Driver, Launch, Wish } from './types.ts'

export const codexDriver: Driver = {
  name: 'codex',
  programs: ['codex'],
  homeVariables: ['HOME', 'CODEX_HOME'],

  // It chooses its id itself; without the shared daemon it holds the lock of its conversation open from the start.
  start: wish => launch([], wish),
  resume: (id, wish) => ({ ...launch(['resume', id], wish), id }),
  fork: (id, wish) => launch(['fork', id], wish),

  unknownFlag: /unexpected argument '--no-daemon'/,
  resumeProof: 'record',
  notFound: /No saved session found with ID /,
  trustChoice: /^Trust and continue/,
  choiceMark: /›/u,
  leaveText: '/quit',
  enterGapMs: 200,
  asPrompt: asCodexPrompt,
  input: codexInput,
  recordMark: codexMark,
  messagesSince: codexMessages,

  about: codexAbout,

  // Its own way: a thread also stands in its databases.
  async purge(id, artifact, _context, run) {
    const { path, state } = artifact
    if (state !== 'present' || path === undefined || !basename(path).includes(id)) return []
    const done = await run(['delete', '--force', id], { timeoutMs: 20_000 })
    if (statOf(path) === undefined) return [path]
    // Older versions have no such command.
    if (!/unrecognized subcommand|unexpected argument/.test(done.stderr))
      throw new CodedError(
        'purge',
        EXIT.refused,
        `codex delete left ${path}: ${done.stderr.trim().slice(-300)}`,
        `Try it by hand: codex delete ${id}`,
      )
    return removeAll([path])
  },
}

/** Blanks at both ends are not recorded. One before `/` or `!` makes a prompt of a command, one behind a last word with `@` or
 * `$` closes the list from which Enter would take the first entry instead of sending (0.169.0, tried). */
function asCodexPrompt(text: string): string {
  const before = /^\s*[/!]/.test(text) ? ' ' : ''
  const behind = /[@$]\S*$/.test(text) ? ' ' : ''
  return `${before}${text}${behind}`
}

function launch(args: string[], wish: Wish): Launch {
  const all = [...args]
  if (!wish.plain) all.push('--no-daemon')
  if (wish.model !== undefined) all.push('--model', wish.model)
  if (wish.skipPermissions) all.push('--dangerously-bypass-approvals-and-sandbox')
  return { args: all }
}
