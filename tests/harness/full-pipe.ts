import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { World } from './world.ts'

/** The writing end of a pipe that is full and that nobody reads: whoever writes to it waits for ever. */
export function fullPipe(world: World): number {
  const path = join(world.root, 'full-pipe')
  execFileSync('mkfifo', [path])
  const both = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  for (const size of [65_536, 4096, 1]) fill(both, Buffer.alloc(size))
  // A description of its own: the other end's O_NONBLOCK is not the child's.
  const write = openSync(path, constants.O_WRONLY)
  onTestFinished(() => {
    closeSync(write)
    closeSync(both)
  })
  return write
}

function fill(fd: number, bytes: Buffer): void {
  for (;;) {
    try {
      writeSync(fd, bytes)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return
      throw error
    }
  }
}

/** The writing end of a pipe whose reader has left already: whoever writes to it gets EPIPE. */
export function brokenPipe(world: World): number {
  const path = join(world.root, 'broken-pipe')
  execFileSync('mkfifo', [path])
  // Without a reader it could not be opened for writing.
  const both = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  const write = openSync(path, constants.O_WRONLY)
  closeSync(both)
  onTestFinished(() => closeSync(write))
  return write
}
