/** One case: a HOME on disk and the processes and sessions beside it, as they would be on a machine with several agents. */
import { mkdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import type { Machine } from '#lib/system/machine.ts'
import type { Process, Processes } from '#lib/system/processes.ts'
import type { World } from '../../../tests/harness/world.ts'
import { listing } from '../listings/answers.ts'
import type { ModelServer, ModelSession } from '../listings/model.ts'
import { pick, type Random } from '../texts.ts'
import type { OpencodeSession } from './sessions.ts'

export interface CaseProcess extends Process {
  argv: string[]
  cwd: string
  openFiles: string[]
  /** Seconds since the epoch. */
  startedAt: number
}

const FOLDERS = [
  'lab',
  'lab.',
  'lab-',
  'zwei Wörter',
  'a.b_c',
  "it's $HOME",
  '日本語',
  `deep/${'x'.repeat(120)}/${'y'.repeat(120)}`,
]
const HOUR = 3600

/** Times are real ones, in seconds since the epoch. */
export class Case {
  readonly random: Random
  readonly root: string
  readonly home: string
  readonly registry: string
  readonly folders: string[]
  readonly processes = new Map<number, CaseProcess>()
  readonly server: ModelServer
  /** OpenCode's, of everybody. */
  readonly sessions: OpencodeSession[] = []
  /** Every conversation, of whomever; seconds since the epoch. */
  readonly begun: { cli: string; id: string; at: number }[] = []
  /** The session's name, by the agent's pid. */
  readonly names = new Map<number, string>()
  readonly now = Math.floor(Date.now() / 1000)
  /** Are files' times moved by a touch, a restored backup, another machine's clock? */
  readonly isSkewed: boolean
  readonly bootedAt = this.now - 5 * 24 * HOUR
  private nextPid = 2000
  private ids = 0

  constructor(root: string, random: Random) {
    this.random = random
    this.isSkewed = random() < 0.5
    this.root = root
    this.home = join(root, 'home')
    this.registry = join(root, 'lab/.hermes/agent-sessions.yaml')
    // Most share one folder, or two whose names are the same to an agent that makes a key of them.
    const near = pick(random, [['lab', 'lab.', 'lab-'], FOLDERS])
    this.folders = [pick(random, near), pick(random, near)].map(name => join(root, name))
    for (const folder of [this.home, join(root, 'lab/.hermes'), ...this.folders]) mkdirSync(folder, { recursive: true })
    const { pid, start } = this.process(1, 'tmux: server', ['tmux'], '/', this.now - 2 * 24 * HOUR)
    this.server = { name: 'default', pid, start, socketPath: '/tmp/tmux-1000/default', lives: true, sessions: [] }
  }

  /** What the harness's writers need of a world. */
  get world(): World {
    return { home: this.home } as World
  }

  process(
    ppid: number,
    comm: string,
    argv: string[],
    cwd: string,
    startedAt: number,
    openFiles: string[] = [],
  ): CaseProcess {
    this.nextPid += 1 + Math.floor(this.random() * 9)
    const start = String(Math.round((startedAt - this.bootedAt) * 100) + Math.floor(this.random() * 100))
    const made = { pid: this.nextPid, ppid, start, comm, argv, cwd, openFiles, startedAt }
    this.processes.set(made.pid, made)
    return made
  }

  session(name: string, panePid: number, created: number, cwd: string): ModelSession {
    const id = `$${this.server.sessions.length}`
    const made = { id, name, created: Math.floor(created), panePid, mark: '', lives: true, cwd }
    this.server.sessions.push(made)
    return made
  }

  /** The same in every run of the case; a UUID. */
  uuid(): string {
    const digits = (this.ids++).toString(16).padStart(4, '0')
    const more = Math.floor(this.random() * 0xffffffff)
      .toString(16)
      .padStart(8, '0')
    return `${more}-${digits}-4111-8111-${digits.padStart(12, '0')}`
  }

  /** As a UUIDv7 it tells when it was made. */
  uuidOf(atSec: number): string {
    const ms = Math.floor(atSec * 1000)
      .toString(16)
      .padStart(12, '0')
    return `${ms.slice(0, 8)}-${ms.slice(8)}-7111-8111-${(this.ids++).toString(16).padStart(12, '0')}`
  }

  /** A file's times are only what somebody set them to. */
  age(path: string, atSec: number): void {
    const skew = this.isSkewed && this.random() < 0.4 ? pick(this.random, [-2 * HOUR, -60, 60, 2 * HOUR]) : 0
    utimesSync(path, atSec + skew, atSec + skew)
  }

  machine(): Machine {
    return {
      env: { HOME: this.home },
      now: () => Date.now(),
      sleep: async () => undefined,
      host: 'here',
      bootId: 'boot-1',
      bootTimeSec: () => this.bootedAt,
      processes: () => this.look(),
      tmuxVersion: async () => ({ kind: 'exit', code: 0, stdout: Buffer.from('tmux 3.4\n'), stderr: '' }),
      tmux: async (_server, args) => {
        if (args[0] === 'set-option') return { kind: 'exit', code: 0, stdout: Buffer.alloc(0), stderr: '' }
        const cut = /cut\w+$/.exec(args[2] ?? '')?.[0] ?? ''
        return listing(
          this.server,
          this.server.sessions.filter(({ lives }) => lives),
          cut,
        )
      },
    }
  }

  private look(): Processes {
    const all = () => [...this.processes.values()]
    return {
      look: pid => {
        const process = this.processes.get(pid)
        return process ? { state: 'present', process } : { state: 'absent' }
      },
      isGone: pid => !this.processes.has(pid),
      children: pid => all().filter(({ ppid }) => ppid === pid),
      argv: pid => this.processes.get(pid)?.argv ?? [],
      openFiles: pid => this.processes.get(pid)?.openFiles ?? [],
      cwd: pid => this.processes.get(pid)?.cwd,
      environ: () => ({ HOME: this.home }),
      all,
      startedAt: ({ pid }) => this.processes.get(pid)?.startedAt,
    }
  }
}
