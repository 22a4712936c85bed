/** Who holds a lock: a note in the lock file for those who wait. Other tools never read it, and it decides nothing. */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  writeSync,
} from 'node:fs'
import * as z from 'zod/mini'
import { thisProcess } from './lock-self.ts'
import { processesHere } from './processes-here.ts'

const noteSchema = z.object({
  pid: z.int().check(z.positive()),
  start: z.string().check(z.minLength(1)),
  command: z.string().check(z.maxLength(200), z.regex(/^[\x20-\x7e]*$/)),
})
type Note = z.infer<typeof noteSchema>
const NOTE_BYTES = 1000

/** Leaves this process's name in the locked file. Text that is no such note is somebody's and stays. */
export function writeNote(fd: number): void {
  try {
    if (fstatSync(fd).size > 0 && noteIn(fd) === undefined) return
    ftruncateSync(fd, 0)
    writeSync(fd, `${JSON.stringify(thisProcess())}\n`, 0)
  } catch {
    // A read-only descriptor, a full disk: the lock holds all the same, only its holder stays unnamed.
  }
}

/** To be called while the lock is still held: a note that stays would name a holder that no longer is one. */
export function clearNote(fd: number): void {
  try {
    if (noteIn(fd)?.pid === process.pid) ftruncateSync(fd, 0)
  } catch {
    // As above. A note that stays is harmless: it is believed only while its process lives and has the file open.
  }
}

/** `pid 4711 (reconcile)`, or undefined when it cannot be told for sure. */
export function whoHolds(path: string): string | undefined {
  let real: string
  let note: Note | undefined
  try {
    real = realpathSync(path)
    note = noteAt(real)
  } catch {
    // Gone, or not for us to read: then it stays untold.
    return undefined
  }
  const processes = processesHere()
  if (note !== undefined) {
    const look = processes.look(note.pid)
    const isIt = look.state === 'present' && look.process.start === note.start
    if (isIt && processes.openFiles(note.pid)?.includes(real)) return `pid ${note.pid} (${note.command})`
  }
  const pid = process.platform === 'linux' ? flockHolder(real) : undefined
  if (pid === undefined) return undefined
  const look = processes.look(pid)
  return look.state === 'present' ? `pid ${pid} (${look.process.comm})` : `pid ${pid}`
}

function noteAt(path: string): Note | undefined {
  // O_NONBLOCK: a pipe in its place must not hold us.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    return noteIn(fd)
  } finally {
    closeSync(fd)
  }
}

/** The process with a descriptor that holds a flock on the file. Linux tells it per descriptor in fdinfo; the pid in
 * /proc/locks is that of the program that took it, which may have exited. */
function flockHolder(real: string): number | undefined {
  for (const pid of entries('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    for (const fd of entries(`/proc/${pid}/fd`)) {
      try {
        if (readlinkSync(`/proc/${pid}/fd/${fd}`) !== real) continue
        if (/^lock:.*\bFLOCK\b.*\bWRITE\b/m.test(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1')))
          return Number(pid)
      } catch {
        // The descriptor was closed, or the process ended, while we looked.
      }
    }
  }
  return undefined
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // Another user's process, or one that just ended: nothing can be told of it.
    return []
  }
}

function noteIn(fd: number): Note | undefined {
  // What is no plain file has no size, or a folder's.
  const { size } = fstatSync(fd)
  if (size === 0 || size > NOTE_BYTES) return undefined
  const bytes = Buffer.alloc(size)
  readSync(fd, bytes, 0, size, 0)
  return parseNote(bytes.toString('utf8'))
}

function parseNote(text: string): Note | undefined {
  try {
    return noteSchema.parse(JSON.parse(text))
  } catch {
    // Not JSON, or not ours.
    return undefined
  }
}
