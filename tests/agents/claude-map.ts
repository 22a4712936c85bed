/** `<config>/sessions/<pid>.json`, which every interactive Claude Code keeps while it runs. */
import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { App } from './app.ts'
import { config, isNested, VERSION } from './claude-store.ts'
import { control } from './control.ts'
import { writeWhole } from './write-whole.ts'

const path = join(config, 'sessions', `${process.pid}.json`)
const startedAt = Date.now()
const isKept = () => !isNested && !control().oldVersion

/** Before the folder is trusted the map names neither the process nor a conversation (2.1.329). */
export function announceMap(): void {
  if (isKept()) write({ peerToken: randomUUID(), procStart: procStart(), pidDomain: 'host' })
}

export function writeMap({ id, status }: App): void {
  if (!isKept()) return
  const [cwd, at] = [process.cwd(), Date.now()]
  const identity = { pid: process.pid, sessionId: id, cwd, startedAt, procStart: procStart(), version: VERSION }
  const kind = { peerProtocol: 1, kind: 'interactive', entrypoint: 'cli' }
  const name = { name: `${basename(cwd)}-4a`, nameSource: 'derived' }
  const waits = status === 'waiting' ? { waitingFor: 'permission prompt' } : {}
  write({ ...identity, ...kind, ...name, status, updatedAt: at, statusUpdatedAt: at, ...waits })
}

export function removeMap(): void {
  rmSync(path, { force: true })
}

function write(entry: object): void {
  mkdirSync(dirname(path), { recursive: true })
  writeWhole(path, JSON.stringify(entry))
}

/** Field 22 of /proc/PID/stat. */
function procStart(): string | undefined {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[22 - 3]
}
