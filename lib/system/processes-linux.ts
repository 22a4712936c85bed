import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs'
import { errnoOf } from './errors.ts'
import { isSurelyGone } from './gone.ts'
import type { Process, Processes, ProcessLook } from './processes.ts'

/** Linux counts start times in USER_HZ, which is 100 on every architecture Node runs on. */
const TICKS_PER_SEC = 100
/** Longer argument lists than this are cut: flags stand far before. */
const MAX_TEXT = 2 << 20
/** `undefined`: gone. `false`: could not be read. */
type Read = number | undefined | false

// One buffer for all reads: with a fresh one per file a scan of 1,600 processes takes twice as long.
let buffer = Buffer.allocUnsafe(64 << 10)

/** What /proc says, each process read once: make a new one for each pass. A zombie is absent, for its program has ended;
 * only one whose other threads still run is not. */
export function linuxProcesses(): Processes {
  const looks = new Map<number, ProcessLook>()
  const argvs = new Map<number, string[]>()
  let boot: number | undefined
  let everyone: Process[] | undefined
  let byParent: Map<number, Process[]> | undefined

  const look = (pid: number): ProcessLook => {
    const known = looks.get(pid)
    if (known) return known
    const answer = readStat(pid)
    looks.set(pid, answer)
    return answer
  }
  const visible = (): Process[] => {
    everyone ??= present((list('/proc') ?? []).filter(isNumber).map(Number), look)
    return everyone
  }
  const scannedChildren = (pid: number): Process[] => {
    if (byParent === undefined) {
      byParent = new Map()
      for (const child of visible()) {
        const siblings = byParent.get(child.ppid)
        if (siblings) siblings.push(child)
        else byParent.set(child.ppid, [child])
      }
    }
    return byParent.get(pid) ?? []
  }

  return {
    look,
    // Read anew; a zombie, which kill(2) still finds, has ended.
    isGone: pid => readStat(pid).state === 'absent',
    all() {
      const found = visible()
      // Not even the first process, or not ourselves: a /proc that hides some (hidepid), or none at all.
      return [1, process.pid].every(pid => found.some(entry => entry.pid === pid)) ? found : undefined
    },
    children(pid) {
      const pids: number[] = []
      // Each thread has its own list: a child forked by another thread is not among those of the first.
      for (const thread of list(`/proc/${pid}/task`) ?? []) {
        const size = read(`/proc/${pid}/task/${thread}/children`, true)
        // A kernel built without CONFIG_PROC_CHILDREN has threads and no such file.
        if (size === undefined && look(pid).state === 'present') return scannedChildren(pid)
        if (size) pids.push(...buffer.toString('latin1', 0, size).split(' ').filter(isNumber).map(Number))
      }
      return present(
        pids.sort((a, b) => a - b),
        look,
      )
    },
    argv(pid) {
      const known = argvs.get(pid)
      if (known) return known
      const size = read(`/proc/${pid}/cmdline`)
      const args = size ? splitArguments(buffer.toString('utf8', 0, size)) : []
      argvs.set(pid, args)
      return args
    },
    environ(pid) {
      const size = read(`/proc/${pid}/environ`, true)
      if (!size) return undefined
      const entries = buffer.toString('utf8', 0, size).split('\0')
      return Object.fromEntries(
        entries.map(entry => [entry.split('=', 1)[0] ?? '', entry.slice(entry.indexOf('=') + 1)]),
      )
    },
    openFiles(pid) {
      const folder = `/proc/${pid}/fd`
      return list(folder)
        ?.map(fd => linkTarget(`${folder}/${fd}`))
        .filter(target => target?.startsWith('/')) as string[] | undefined
    },
    cwd: pid => linkTarget(`/proc/${pid}/cwd`),
    startedAt(process) {
      boot ??= bootSec()
      return boot === undefined || !isNumber(process.start) ? undefined : boot + Number(process.start) / TICKS_PER_SEC
    },
  }
}

function readStat(pid: number): ProcessLook {
  if (!Number.isSafeInteger(pid) || pid <= 0) return { state: 'unknown' }
  const size = read(`/proc/${pid}/stat`)
  // A /proc mounted with hidepid shows no processes of others: nothing there is no proof, the kernel's word is.
  if (size === undefined) return { state: isSurelyGone(pid) ? 'absent' : 'unknown' }
  return size === false ? { state: 'unknown' } : parseStat(buffer.toString('utf8', 0, size))
}

// Field 1 is the pid, 2 the name, 3 the state, 4 the parent, 20 the number of threads, 22 the start (proc(5)). The name
// may hold spaces, parentheses and newlines and ends at the last `)`. One pattern: cutting by hand took three times as long.
const STAT = /^(\d+) \((.*)\) (.) (\d+) (?:-?\d+ ){15}(-?\d+) -?\d+ (\d+) /s

/** Reads the line of /proc/PID/stat; unknown when it is not one. */
export function parseStat(line: string): ProcessLook {
  const found = STAT.exec(line)
  if (!found) return { state: 'unknown' }
  const state = found[3]
  if (state === 'X' || (state === 'Z' && Number(found[5]) <= 1)) return { state: 'absent' }
  const comm = found[2] as string
  return {
    state: 'present',
    process: { pid: Number(found[1]), ppid: Number(found[4]), start: found[6] as string, comm },
  }
}

function present(pids: number[], look: (pid: number) => ProcessLook): Process[] {
  const found: Process[] = []
  for (const pid of pids) {
    const answer = look(pid)
    if (answer.state === 'present') found.push(answer.process)
  }
  return found
}

/** Fills the buffer and gives the number of bytes. */
function read(path: string, inParts = false): Read {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    return isGone(error) ? undefined : false
  }
  try {
    let size = 0
    for (;;) {
      const more = readSync(fd, buffer, size, buffer.length - size, null)
      size += more
      // Most of /proc answers with all that fits; a list of children comes in parts of a page.
      if (more === 0 || (size < buffer.length && !inParts) || size >= MAX_TEXT) return size
      if (size === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2)
    }
  } catch (error) {
    return isGone(error) ? undefined : false
  } finally {
    closeSync(fd)
  }
}

function list(folder: string): string[] | undefined {
  try {
    return readdirSync(folder)
  } catch {
    // Gone or not allowed: either way nobody can say what is in it.
    return undefined
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    // Closed in between, gone, or another user's.
    return undefined
  }
}

function splitArguments(text: string): string[] {
  const args = text.split('\0')
  // process.title leaves padding behind the title; an empty last argument is not told apart from it.
  while (args.length > 0 && args.at(-1) === '') args.pop()
  return args
}

/** Seconds since the epoch at which this machine started, by the wall clock of now. */
export function bootSec(): number | undefined {
  try {
    const match = /^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'latin1'))
    return match ? Number(match[1]) : undefined
  } catch {
    // No /proc, or none for us: not known.
    return undefined
  }
}

function isGone(error: unknown): boolean {
  const code = errnoOf(error)
  return code === 'ENOENT' || code === 'ESRCH'
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text)
}
