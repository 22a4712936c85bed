import { spawnSync } from 'node:child_process'

/** Locks an open file for as long as it stays open; false where another process has it. The lock belongs to the open
 * file, which stays ours when the program that took it has ended. */
export function flock(fd: number): boolean {
  return spawnSync('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] }).status === 0
}
