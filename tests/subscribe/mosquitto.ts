/** A real Mosquitto on loopback, which can be ended and started again at the same port. */
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { end, lives } from '../harness/processes.ts'
import { until } from '../harness/until.ts'
import type { World } from '../harness/world.ts'
import type { Broker } from './bus.ts'

export interface Mosquitto extends Broker {
  port: number
  pid(): number
  /** Ends it, by default as a crash does. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Starts it again; what it was to remember is what is on its disk. */
  start(): Promise<void>
}

/** A port that nobody listens at now. */
export function freePort(): Promise<number> {
  return new Promise((settle, fail) => {
    const server = createServer().once('error', fail)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => settle(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

/** Does somebody take connections there? */
export function answers(port: number): Promise<boolean> {
  return new Promise(settle => {
    const socket = connect(port, '127.0.0.1')
    const told = (is: boolean) => {
      socket.destroy()
      settle(is)
    }
    socket.once('connect', () => told(true)).once('error', () => told(false))
  })
}

/** @param passwords the file of those who may connect; everybody where there is none. `isUp`: false leaves it down. */
export async function mosquitto(
  world: World,
  { passwords, isUp = true }: { passwords?: string; isUp?: boolean } = {},
): Promise<Mosquitto> {
  const folder = join(world.root, 'mosquitto')
  mkdirSync(folder, { recursive: true })
  const port = await freePort()
  const lines = [
    `listener ${port} 127.0.0.1`,
    passwords === undefined ? 'allow_anonymous true' : `password_file ${passwords}`,
    'max_queued_messages 0',
    `user ${process.getuid?.() === 0 ? 'root' : ''}`,
  ]
  const config = join(folder, 'mosquitto.conf')
  writeFileSync(config, `${lines.join('\n')}\n`)
  let pid = 0
  const start = async () => {
    const child = spawn('/usr/sbin/mosquitto', ['-c', config], { cwd: folder, stdio: 'ignore' })
    pid = child.pid ?? 0
    world.pids.add(pid)
    await until('Mosquitto', () => answers(port))
  }
  const kill = async (signal: NodeJS.Signals = 'SIGKILL') => {
    end(pid, signal)
    await until('the end of Mosquitto', () => !lives(pid))
    world.pids.delete(pid)
  }
  if (isUp) await start()
  return { url: `mqtt://127.0.0.1:${port}`, port, pid: () => pid, kill, start }
}
