/** What a tmux server would print for a listing, and everything that can stand there instead. */
import type { TmuxResult } from '#lib/tmux/exec.ts'
import { pick, type Random } from '../texts.ts'
import type { ModelServer, ModelSession } from './model.ts'

/** Faults of which nothing can be learned. */
export const MUTE = [
  'time-out',
  'no tmux program',
  'tmux failed',
  'cut off',
  'shifted',
  'nothing printed',
  'error text',
  'permission denied',
  'tmux too old',
] as const
/** Faults that look like an answer. */
export const LYING = [
  'socket removed',
  'nobody listens',
  'another server at the socket',
  'empty server at the socket',
  'another TMUX_TMPDIR',
  'half missing at first',
] as const
export type AnswerFault = (typeof MUTE)[number] | (typeof LYING)[number]

const exit = (code: number, stdout: string | Buffer, stderr = ''): TmuxResult => ({
  kind: 'exit',
  code,
  stdout: Buffer.from(stdout),
  stderr,
})

/** A whole listing, with panes in the order of their sessions. `cut` stands behind each text. */
export function listing(
  server: ModelServer,
  sessions: readonly ModelSession[],
  cut: string,
  version = '3.4',
): TmuxResult {
  const head = `${server.pid} ${version} ${server.socketPath}${cut}\n`
  const panes = sessions.map(
    ({ id, created, panePid, name, mark, cwd = '/nowhere' }) =>
      `${id} ${created} %${panePid} 0 0 ${panePid} 0 ${[name, cwd, mark, 'title'].map(text => text + cut).join('')}\n`,
  )
  return panes.length === 0 ? exit(1, head, 'no current target') : exit(0, `${head}${panes.join('')}end${cut}\n`)
}

export function noSocket(path: string): TmuxResult {
  return exit(1, '', `error connecting to ${path} (No such file or directory)`)
}

export function nobodyListens(path: string, random: Random): TmuxResult {
  return exit(1, '', pick(random, [`no server running on ${path}`, `error connecting to ${path} (Connection refused)`]))
}

/** Texts of errno as tmux shows them, and what it says when it loses a server. None of them is a proof of an end. */
const ERRNO = [
  'Operation not permitted',
  'Interrupted system call',
  'Input/output error',
  'Resource temporarily unavailable',
  'Cannot allocate memory',
  'Not a directory',
  'Too many open files',
  'Too many open files in system',
  'File name too long',
  'Too many levels of symbolic links',
  'Socket operation on non-socket',
  'Protocol wrong type for socket',
  'Connection reset by peer',
  'Connection timed out',
  'Stale file handle',
  'Read-only file system',
  'No space left on device',
  'Device or resource busy',
  'Transport endpoint is not connected',
  'Broken pipe',
]
const OTHERS = [
  'lost server',
  'server exited unexpectedly',
  'server exited',
  'protocol version mismatch (client 8, server 7)',
  "couldn't create directory /tmp/tmux-1000 (Permission denied)",
  'directory /tmp/tmux-1000 has unsafe permissions',
  'open terminal failed: not a terminal',
  'unknown option -- L',
  'bad address',
  "can't find session: 3",
  '',
]

function errorText(path: string, random: Random): string {
  const one = () => (random() < 0.7 ? `error connecting to ${path} (${pick(random, ERRNO)})` : pick(random, OTHERS))
  return random() < 0.2 ? `${one()}\n${one()}` : one()
}

/** The answer of a mute fault in place of `whole`. */
export function muteAnswer(fault: string, whole: TmuxResult, cut: string, path: string, random: Random): TmuxResult {
  const stdout = whole.kind === 'exit' ? whole.stdout : Buffer.alloc(0)
  switch (fault) {
    case 'time-out':
      return { kind: 'timeout' }
    case 'no tmux program':
      return { kind: 'missing' }
    case 'tmux failed':
      return { kind: 'failed', message: pick(random, ['tmux was ended by SIGKILL', 'spawn EAGAIN', 'spawn ENOMEM']) }
    case 'nothing printed':
      return exit(pick(random, [0, 1]), '')
    case 'permission denied':
      return exit(1, '', `error connecting to ${path} (Permission denied)`)
    case 'error text':
      return exit(1, '', errorText(path, random))
    case 'cut off':
      return cutOff(stdout, cut, random)
    case 'shifted':
      return exit(0, shifted(stdout.toString(), cut, random))
    default:
      return exit(0, stdout.toString().replace(/ 3\.4 /, ' 3.1c ') || `1 3.1 ${path}${cut}\n`)
  }
}

/** Cut off anywhere, between two panes too, and with or without a word of it. */
function cutOff(stdout: Buffer, cut: string, random: Random): TmuxResult {
  const lines = stdout.toString().split(`${cut}\n`).slice(0, -1)
  const between = () => lines.slice(0, Math.floor(random() * lines.length)).map(line => `${line}${cut}\n`)
  const rest = random() < 0.5 ? between().join('') : stdout.subarray(0, Math.floor(random() * stdout.length))
  return random() < 0.5 ? exit(1, rest, pick(random, ['lost server', 'server exited'])) : exit(0, rest)
}

/** A field too few or too many. Without a pane there is nothing to shift: then the head goes. */
function shifted(stdout: string, cut: string, random: Random): string {
  const pieces = stdout.split(cut)
  if (pieces.length < 3) return stdout.replace(/^\d+ /, '')
  const at = 1 + Math.floor(random() * (pieces.length - 2))
  const piece = pieces[at] as string
  const numbers = /^\n(?:\S+ ){7}/.exec(piece)?.[0]
  if (numbers === undefined) {
    if (random() < 0.5) pieces.splice(at, 1)
    else pieces.splice(at, 0, 'one more')
  } else {
    const fields = numbers.trimEnd().split(' ')
    fields.splice(Math.floor(random() * fields.length), 1)
    pieces[at] = `${fields.join(' ')} ${piece.slice(numbers.length)}`
  }
  return pieces.join(cut)
}
