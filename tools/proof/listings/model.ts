/** A machine that is known to the last process: who lives, on which tmux server, and what rows say of it. */
import type { Process } from '#lib/system/processes.ts'
import { pick, type Random } from '../texts.ts'

export interface ModelSession {
  id: string
  name: string
  /** Seconds, by the clock on the wall when it was made. */
  created: number
  panePid: number
  mark: string
  lives: boolean
  cwd?: string
}

export interface ModelServer {
  name: string
  pid: number
  start: string
  socketPath: string
  lives: boolean
  sessions: ModelSession[]
}

export interface ModelProcess extends Process {
  /** True seconds. */
  startedAt: number
}

/** Times are true seconds; the clock on the wall shows `offset` more. */
export class Model {
  readonly random: Random
  readonly servers: ModelServer[] = []
  readonly processes = new Map<number, ModelProcess>()
  now = 1_800_000_000
  offset = 0
  bootedAt: number
  boot = 1
  /** Was the clock ever set? Then times on record prove nothing, and nobody is asked to believe them. */
  wasClockSet = false
  private nextPid = 1000
  private nextSession = 0

  constructor(random: Random) {
    this.random = random
    this.bootedAt = this.now - pick(random, [600, 86_400, 10 * 86_400])
  }

  get wall(): number {
    return this.now + this.offset
  }

  setClock(bySec: number): void {
    this.offset += bySec
    this.wasClockSet = true
  }

  process(comm: string, ppid: number, pid = this.freshPid()): ModelProcess {
    const start = String(Math.round((this.now - this.bootedAt) * 100) + Math.floor(this.random() * 100))
    const made = { pid, ppid, start, comm, startedAt: this.now }
    this.processes.set(pid, made)
    return made
  }

  server(name: string, folder = '/tmp/tmux-1000', pid?: number): ModelServer {
    const { pid: own, start } = this.process('tmux: server', 1, pid)
    const server = { name, pid: own, start, socketPath: `${folder}/${name}`, lives: true, sessions: [] }
    this.servers.push(server)
    return server
  }

  session(server: ModelServer, name: string, mark = ''): ModelSession {
    const { pid } = this.process('claude', server.pid)
    const made = {
      id: `$${this.nextSession++}`,
      name,
      created: Math.floor(this.wall),
      panePid: pid,
      mark,
      lives: true,
    }
    server.sessions.push(made)
    return made
  }

  endSession(session: ModelSession): void {
    session.lives = false
    this.endProcess(session.panePid)
  }

  endServer(server: ModelServer): void {
    server.lives = false
    for (const session of server.sessions) if (session.lives) this.endSession(session)
    this.endProcess(server.pid)
  }

  reboot(): void {
    for (const server of this.servers) if (server.lives) this.endServer(server)
    this.processes.clear()
    this.now += 60
    this.bootedAt = this.now
    this.boot++
  }

  /** The server of this name that people use: the first that was made and lives. */
  serverNamed(name: string): ModelServer | undefined {
    return this.servers.find(server => server.name === name && server.lives)
  }

  /** Its pid may be somebody else's at once. */
  private endProcess(pid: number): void {
    this.processes.delete(pid)
    if (this.random() < 0.3) {
      this.now += 5
      this.process(pick(this.random, ['bash', 'claude', 'tmux: client', 'node']), 1, pid)
    }
  }

  private freshPid(): number {
    do this.nextPid += 1 + Math.floor(this.random() * 40)
    while (this.processes.has(this.nextPid))
    return this.nextPid
  }
}
