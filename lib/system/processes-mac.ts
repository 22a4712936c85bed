import { spawnSync } from 'node:child_process'
import { basename } from 'node:path'
import { isSurelyGone } from './gone.ts'
import type { Process, Processes } from './processes.ts'

/** `ps` and `lsof` answer in well under a second; a hanging network mount can hold lsof for ever. */
const TIMEOUT_MS = 4000
const MAX_BYTES = 64 << 20
/** In UTC and in no language: a start time is compared as text with one read at another time and place. */
const ENV = { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC0' }

/** Without /proc: one `ps` for all processes, one for all arguments, one `lsof` per process that is asked about. What
 * could not be asked is unknown. Arguments come as one text and are split at spaces: one with a space in it is several. */
export function macProcesses(): Processes {
  let table: Map<number, Process> | undefined | false
  let texts: Map<number, string> | undefined
  const files = new Map<number, OpenFiles | undefined>()

  const everyone = (): Map<number, Process> | undefined => {
    // -ww: without a terminal ps would cut its lines at 79 columns.
    table ??= parseTable(run('ps', ['-ww', '-axo', 'pid=,ppid=,stat=,lstart=,comm='])) ?? false
    return table || undefined
  }
  const filesOf = (pid: number): OpenFiles | undefined => {
    if (!files.has(pid)) files.set(pid, parseFiles(run('lsof', ['-w', '-n', '-P', '-p', String(pid), '-F', 'fn'])))
    return files.get(pid)
  }

  return {
    look(pid) {
      const found = everyone()?.get(pid)
      if (found) return { state: 'present', process: found }
      return { state: table && Number.isSafeInteger(pid) && pid > 0 ? 'absent' : 'unknown' }
    },
    isGone: isSurelyGone,
    children: pid =>
      [...(everyone()?.values() ?? [])].filter(entry => entry.ppid === pid).sort((a, b) => a.pid - b.pid),
    argv(pid) {
      texts ??= parseTexts(run('ps', ['-ww', '-axo', 'pid=,args=']))
      return texts.get(pid)?.split(' ') ?? []
    },
    environ: () => undefined,
    openFiles: pid => filesOf(pid)?.paths,
    cwd: pid => filesOf(pid)?.cwd,
    all() {
      const found = everyone()
      return found && [...found.values()]
    },
    startedAt(process) {
      const ms = Date.parse(`${process.start} UTC`)
      return Number.isNaN(ms) ? undefined : ms / 1000
    },
  }
}

const ROW = /^ *(\d+) +(\d+) +(\S+) +(\w{3} +\w{3} +\d+ [\d:]+ \d{4}) +(.*)$/

/** Reads `ps -o pid=,ppid=,stat=,lstart=,comm=`; undefined when it is not that. Zombies are left out. */
export function parseTable(text: string | undefined): Map<number, Process> | undefined {
  if (!text) return undefined
  const found = new Map<number, Process>()
  for (const line of text.split('\n')) {
    const [, pid, ppid, stat, start, comm] = ROW.exec(line) ?? []
    if (comm === undefined || stat?.startsWith('Z')) continue
    // There comm is the whole path of the program.
    found.set(Number(pid), {
      pid: Number(pid),
      ppid: Number(ppid),
      start: start?.replace(/ +/g, ' ') ?? '',
      comm: basename(comm),
    })
  }
  return found.size > 0 ? found : undefined
}

function parseTexts(text: string | undefined): Map<number, string> {
  const found = new Map<number, string>()
  for (const line of text?.split('\n') ?? []) {
    const [, pid, args] = /^ *(\d+) (.*)$/.exec(line) ?? []
    if (args !== undefined) found.set(Number(pid), args)
  }
  return found
}

interface OpenFiles {
  paths: string[]
  cwd?: string
}

/** Reads `lsof -F fn`: a line per field, `f` begins a descriptor, `n` is its name. */
export function parseFiles(text: string | undefined): OpenFiles | undefined {
  if (!text) return undefined
  const files: OpenFiles = { paths: [] }
  let descriptor = ''
  for (const line of text.split('\n')) {
    if (line.startsWith('f')) descriptor = line.slice(1)
    if (!line.startsWith('n/')) continue
    const path = unescaped(line.slice(1))
    if (descriptor === 'cwd') files.cwd = path
    else if (/^\d/.test(descriptor)) files.paths.push(path)
  }
  return files
}

/** lsof writes bytes outside ASCII as `\xc3`. */
function unescaped(path: string): string {
  if (!path.includes('\\')) return path
  const bytes = path.replace(/\\(x[0-9a-f]{2}|[\\nt])/g, (_, code: string) => {
    if (code.startsWith('x')) return String.fromCharCode(Number.parseInt(code.slice(1), 16))
    return code === 'n' ? '\n' : code === 't' ? '\t' : '\\'
  })
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

function run(program: string, args: string[]): string | undefined {
  const result = spawnSync(program, args, {
    env: ENV,
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    maxBuffer: MAX_BYTES,
    killSignal: 'SIGKILL',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  // lsof ends with 1 when only part of what was asked could be read, and prints the rest.
  return result.error || result.signal ? undefined : result.stdout
}
