/** The faults: what machines, disks, brokers and other programs do to us. Each lasts a while, and is undone. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { end } from '../../../tests/harness/processes.ts'
import { pick, type Random } from '../texts.ts'
import { folderOf, type Lab, type Name } from './lab.ts'
import { livesIn, type Running, startProgram } from './processes.ts'

type Fault = (lab: Lab, random: Random, name: Name) => void | Promise<void>

const oneOf = <T>(random: Random, all: Iterable<T>): T | undefined => {
  const list = [...all]
  return list.length === 0 ? undefined : pick(random, list)
}

function kill(lab: Lab, running: Running | undefined, what: string): void {
  if (running === undefined) return
  running.isHarmed = true
  lab.did(`${what} killed`)
  lab.say(`SIGKILL ${running.words}`)
  running.child.kill('SIGKILL')
}

/** Stopped for a while: it hangs, with all it holds. */
function hold(lab: Lab, pid: number, random: Random, what: string): void {
  if (pid <= 0 || lab.stopped.has(pid)) return
  const ms = 1000 + (random() < 0.2 ? 15_000 * random() : 3000 * random())
  lab.did(`${what} stopped for a while`)
  lab.say(`SIGSTOP ${what} ${pid} for ${Math.round(ms)} ms`)
  end(pid, 'SIGSTOP')
  lab.stopped.set(pid, performance.now() + ms)
}

/** Lets go on what was stopped long enough; all of it where that is asked. */
export function release(lab: Lab, isAll = false): void {
  for (const [pid, until] of lab.stopped) {
    if (!isAll && performance.now() < until) continue
    lab.stopped.delete(pid)
    end(pid, 'SIGCONT')
  }
}

const killMonitor: Fault = lab => {
  kill(lab, lab.monitor, 'monitors')
}
const killCommand: Fault = (lab, random) => kill(lab, oneOf(random, lab.commands), 'commands')

const killAgent: Fault = (lab, random) => {
  const life = oneOf(random, ours(lab))
  if (life === undefined) return
  lab.harmed.add(life.key)
  lab.did('agents killed')
  lab.say(`SIGKILL agent ${life.panePid} of ${life.key}`)
  end(life.panePid)
}

/** With all its sessions, those of others too. Rarely: it takes a third of the world with it. */
const killSomeServer: Fault = (lab, random) => {
  // One without a name may be a pane that has not become its program yet.
  const named = [...livesIn(lab.world).servers].filter(([, { name }]) => name !== '')
  const [pid, server] = oneOf(random, named) ?? []
  if (pid !== undefined && server !== undefined) killServer(lab, pid, server.start)
}

/** All that runs in it is harmed, also what has come since anybody looked. */
export function killServer(lab: Lab, pid: number, start: string): void {
  lab.harmed.add(`${pid} ${start}`)
  lab.did('tmux servers killed')
  lab.say(`SIGKILL tmux server ${pid}`)
  end(pid)
}

const stopMonitor: Fault = (lab, random) => hold(lab, lab.monitor?.pid ?? 0, random, 'monitors')
const stopCommand: Fault = (lab, random) => hold(lab, oneOf(random, lab.commands)?.pid ?? 0, random, 'commands')
const stopServer: Fault = (lab, random) =>
  hold(lab, oneOf(random, livesIn(lab.world).servers.keys()) ?? 0, random, 'tmux servers')
const stopAgent: Fault = (lab, random) => hold(lab, oneOf(random, ours(lab))?.panePid ?? 0, random, 'agents')

/** Whoever holds the registry's lock, caught while it does. */
const stopHolder: Fault = async (lab, random) => {
  const deadline = performance.now() + 300
  const known = () => new Set([lab.monitor?.pid, ...[...lab.commands].map(({ pid }) => pid)])
  while (performance.now() < deadline) {
    const pid = Number(/\d+/.exec(textOf(`${lab.world.registry}.lock`))?.[0] ?? 0)
    if (pid > 0 && known().has(pid)) return hold(lab, pid, random, 'lock holders')
    await new Promise(resolve => setTimeout(resolve, 1))
  }
}

/** A tmp cleaner removes a socket; the server lives, and makes it anew when it is told to. */
const removeSocket: Fault = (lab, random) => {
  const { servers } = livesIn(lab.world)
  const [pid, server] = oneOf(random, servers) ?? [0, undefined]
  if (server === undefined || server.name === '') return
  const socket = join(lab.world.tmuxDir, `tmux-${process.getuid?.()}`, server.name)
  rmSync(socket, { force: true })
  lab.did('sockets of living servers removed')
  lab.say(`socket of server ${pid} (${server.name}) removed`)
  setTimeout(() => end(pid, 'SIGUSR1'), 1500 + 2000 * random())
}

let isBrokerDown = false

const killBroker: Fault = async (lab, random) => {
  const { broker } = lab
  if (broker === undefined || isBrokerDown) return
  isBrokerDown = true
  lab.did('brokers killed')
  lab.say('broker killed')
  await broker.kill()
  await new Promise(resolve => setTimeout(resolve, 500 + 2000 * random()))
  await broker.start().finally(() => {
    isBrokerDown = false
  })
}

const stopBroker: Fault = (lab, random) => hold(lab, lab.broker?.pid() ?? 0, random, 'brokers')

const jumpClock: Fault = (lab, random) => {
  const ms = Math.round((random() - 0.5) * 7_200_000)
  lab.did('clock jumps')
  lab.say(`clock off by ${ms} ms`)
  writeFileSync(join(lab.world.root, 'clock'), String(ms))
}

const fillDisk: Fault = async (lab, random) => {
  if (!lab.hasDisk) return
  const filler = join(folderOf(lab), 'filler')
  try {
    writeFileSync(filler, Buffer.alloc(32 * 1024 * 1024))
  } catch {
    // That is the point.
  }
  lab.did('disk full')
  lab.say('disk full')
  await new Promise(resolve => setTimeout(resolve, 300 + 2000 * random()))
  rmSync(filler, { force: true })
  lab.say('disk has room again')
}

let number = 0

const legacyWriter: Fault = async (lab, random) => {
  const n = ++number
  const answer = await lab.writer?.tell({ do: 'legacy', n, hold: random() < 0.3 ? 1.5 * random() : 0.05 })
  lab.say(`legacy writer ${n}: ${JSON.stringify(answer)}`)
  if (answer?.wrong) lab.wrong(answer.wrong, `legacy writer ${n}`)
  if (!answer?.ok) return
  lab.saved.legacy = n
  lab.did("another tool's changes, acknowledged")
}

const editor: Fault = async lab => {
  const n = ++number
  const answer = await lab.writer?.tell({ do: 'edit', n })
  lab.say(`editor ${n}: ${JSON.stringify(answer)}`)
  if (!answer?.ok) return
  lab.saved.edit = n
  lab.did("a person's saves, acknowledged")
}

/** Two monitors: the second one says who is there, and leaves. */
const secondMonitor: Fault = async lab => {
  // One that has said nothing yet need not have its lock.
  if (lab.monitor === undefined || lab.monitor.stdout() === '') return
  const { monitor } = lab
  const second = startProgram(lab.world, 'reconcile', ['--subscribe', '--timeout', '2'])
  const code = await second.left
  lab.did('second monitors started')
  if (code !== 1 && lab.monitor === monitor && !monitor.isHarmed)
    lab.wrong(`a second monitor left with ${code}`, second.stderr())
}

/** How often each comes, against the others. */
export const FAULTS: readonly (readonly [Fault, number])[] = [
  [killMonitor, 2],
  [killCommand, 8],
  [killAgent, 4],
  [killSomeServer, 0.6],
  [stopMonitor, 1],
  [stopCommand, 3],
  [stopHolder, 3],
  [stopServer, 2],
  [stopAgent, 2],
  [removeSocket, 2],
  [killBroker, 1],
  [stopBroker, 1],
  [jumpClock, 1],
  [fillDisk, 1],
  [legacyWriter, 6],
  [editor, 6],
  [secondMonitor, 0.5],
]

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** The lives that are agents': those of others are left alone. */
function ours(lab: Lab) {
  return [...livesIn(lab.world).lives.values()].filter(
    ({ panePid }) => !textOf(`/proc/${panePid}/comm`).startsWith('sleep'),
  )
}
