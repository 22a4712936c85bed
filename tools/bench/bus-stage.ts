/** A monitor that follows the jobs of a world, its broker, and a publisher beside it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { connectAsync, type MqttClient } from 'mqtt'
import { type JobsWorld, makeJobsWorld } from './jobs-world.ts'
import { atTheEnd } from './left.ts'
import { bundle } from './loads.ts'
import { barePath } from './world.ts'

export const BROKERS = ['embedded broker', 'Mosquitto'] as const
export type BrokerKind = (typeof BROKERS)[number]

export interface BusStage {
  world: JobsWorld
  monitor: BenchMonitor
  client: MqttClient
  /** What a program needs to have the same broker. */
  env: Record<string, string>
  close(): Promise<void>
}

/** @param perRow open jobs of each row. */
export async function makeBusStage(rows: number, perRow: number, kind: BrokerKind, node: string): Promise<BusStage> {
  const world = await makeJobsWorld(rows, perRow)
  const mosquitto = kind === 'Mosquitto' ? await startMosquitto(world.root) : undefined
  const env = mosquitto?.env ?? {}
  const monitor = await startMonitor(world, env, node)
  const client = await publisherFor(world, env)
  const close = async () => {
    await client.endAsync(true)
    await monitor.stop()
    await mosquitto?.stop()
    world.remove()
  }
  return { world, monitor, client, env, close }
}

export interface BenchMonitor {
  pid: number
  stdout(): string
  stop(): Promise<void>
}

/** Starts `reconcile --subscribe`, and waits until it listens. */
export async function startMonitor(
  world: Pick<JobsWorld, 'root' | 'registry' | 'env'>,
  env: Record<string, string>,
  node = process.execPath,
): Promise<BenchMonitor> {
  const program = join(bundle, 'bin', 'reconcile.cjs')
  const flags = ['--subscribe', '--emit-diff', '--idle-timeout', '0', '--registry', world.registry]
  const child = spawn(node, [program, ...flags], {
    cwd: world.root,
    env: { ...world.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const kill = atTheEnd(() => child.kill())
  let out = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    // Only what it takes to see that it listens is kept: it may run for hours.
    if (out.length < 100_000) out += text
  })
  await awaited('the monitor', () => out.includes('"state":"connected"'))
  return { pid: child.pid ?? 0, stdout: () => out, stop: () => ended(child, kill) }
}

export async function startMosquitto(root: string): Promise<{ env: Record<string, string>; stop(): Promise<void> }> {
  const port = await freePort()
  const [username, password] = ['bench', randomBytes(12).toString('hex')]
  const PATH = `${barePath}:/usr/sbin:/usr/local/sbin`
  writeFileSync(join(root, 'passwords'), `${username}:${password}\n`, { mode: 0o600 })
  execFileSync('mosquitto_passwd', ['-U', join(root, 'passwords')], { env: { PATH } })
  const lines = [
    `listener ${port} 127.0.0.1`,
    `user ${userInfo().username}`,
    'allow_anonymous false',
    `password_file ${join(root, 'passwords')}`,
    'max_queued_messages 100000',
    'log_type none',
  ]
  writeFileSync(join(root, 'mosquitto.conf'), `${lines.join('\n')}\n`)
  const child = spawn('mosquitto', ['-c', join(root, 'mosquitto.conf')], { env: { PATH }, stdio: 'ignore' })
  await new Promise(resolve => setTimeout(resolve, 300))
  const env = { AGENT_JOBS_MQTT_URL: `mqtt://127.0.0.1:${port}`, MQTT_USERNAME: username, MQTT_PASSWORD: password }
  const kill = atTheEnd(() => child.kill())
  return { env, stop: () => ended(child, kill) }
}

/** A client of the broker that a monitor with this environment uses. */
export async function publisherFor(world: JobsWorld, env: Record<string, string>): Promise<MqttClient> {
  const url = env['AGENT_JOBS_MQTT_URL']
  if (url !== undefined)
    return connectAsync(url, { username: env['MQTT_USERNAME'] ?? '', password: env['MQTT_PASSWORD'] ?? '' })
  const file = join(dirname(world.registry), 'secrets', 'broker.json')
  const broker = JSON.parse(readFileSync(file, 'utf8')) as { url: string; username: string; password: string }
  return connectAsync(broker.url, { username: broker.username, password: broker.password })
}

export async function awaited(what: string, look: () => boolean, timeoutMs = 60_000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!look()) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

function ended(child: ChildProcess, kill: () => void): Promise<void> {
  return new Promise(resolve => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', () => resolve())
    kill()
  })
}

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
