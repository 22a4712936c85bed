/**
 * Where the kernel has no lock for us: proper-lockfile, whose lock is a folder that its holder keeps young. It is made at
 * a path of its own (`<lock>.d`), for at the lock file's path it fails with ENOTDIR. A holder that was stopped for long
 * loses it, hence `stillHeld`. It does not exclude users of the kernel lock.
 */
import { mkdirSync, rmdir, rmdirSync, stat, statSync, utimesSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { errnoOf } from './errors.ts'
import { unusable } from './lock-file.ts'

export interface FolderLock {
  stillHeld(): boolean
  release(): Promise<void>
}

/** A dead holder's lock is taken over after this. */
const STALE_MS = 5000
const POLL_MS = 50
/** The holder stops believing in its lock this long before others may take it. */
const MARGIN_MS = 1000

/** Takes the lock, waiting at most `waitMs` milliseconds; undefined when somebody else kept it. */
export async function lockByFolder(path: string, waitMs: number): Promise<FolderLock | undefined> {
  const { default: lockfile } = await import('proper-lockfile')
  const folder = `${path}.d`
  const end = performance.now() + waitMs
  for (;;) {
    const watched = watchedFs()
    try {
      const release = await lockfile.lock(path, {
        lockfilePath: folder,
        realpath: false,
        stale: STALE_MS,
        update: STALE_MS / 5,
        fs: watched.fs,
        // Asked for by stillHeld when it matters; an exception out of a timer would help nobody.
        onCompromised: watched.lose,
      })
      return {
        stillHeld: () => watched.isOurs(folder),
        release: async () => {
          if (watched.isOurs(folder)) await release()
        },
      }
    } catch (error) {
      // ENOENT: another one who found the same stale lock removed ours in the moment we made it.
      if (errnoOf(error) !== 'ELOCKED' && errnoOf(error) !== 'ENOENT') throw unusable(path, error)
    }
    const left = end - performance.now()
    if (left <= 0) return undefined
    await pause(Math.min(POLL_MS * (0.5 + Math.random()), left))
  }
}

type Done = (error: Error | null) => void

/** The few calls proper-lockfile makes, with an eye on which folder is ours: by itself it removes, when releasing or
 * leaving, whatever stands at the path, and takes over a stale lock that another process has just taken over. Inode and
 * change time after our last touch tell ours from a later one; the modification time does not, for proper-lockfile sets
 * it to the next full second, and inodes are used again. */
function watchedFs() {
  let ours: string | undefined
  const mark = (path: string): string => {
    const { ino, ctimeNs } = statSync(path, { bigint: true })
    return `${ino}:${ctimeNs}`
  }
  const isOurs = (path: string): boolean => {
    try {
      return ours !== undefined && mark(path) === ours && Date.now() - statSync(path).mtimeMs < STALE_MS - MARGIN_MS
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false
      throw error
    }
  }
  const mayRemove = (path: string): boolean => {
    const there = statSync(path, { throwIfNoEntry: false })
    if (there === undefined) return true
    return ours === undefined ? there.mtimeMs < Date.now() - STALE_MS : mark(path) === ours
  }
  const calling = (act: () => void, done: Done): void => {
    try {
      act()
    } catch (error) {
      return void process.nextTick(done, error)
    }
    process.nextTick(done, null)
  }
  const fs = {
    stat,
    mkdir: (path: string, done: Done) =>
      calling(() => {
        mkdirSync(path, 0o700)
        ours = mark(path)
      }, done),
    utimes: (path: string, atime: Date, mtime: Date, done: Done) =>
      calling(() => {
        // Keeping another's folder young would cost its holder the lock too.
        if (ours === undefined || mark(path) !== ours) throw Object.assign(new Error('lock lost'), { code: 'ENOENT' })
        utimesSync(path, atime, mtime)
        ours = mark(path)
      }, done),
    rmdir: (path: string, done: Done) => (mayRemove(path) ? rmdir(path, done) : process.nextTick(done, null)),
    rmdirSync: (path: string) => {
      if (mayRemove(path)) rmdirSync(path)
    },
  }
  return {
    fs,
    isOurs,
    lose: () => {
      ours = undefined
    },
  }
}
