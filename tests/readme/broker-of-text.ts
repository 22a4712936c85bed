/** The brokers of references/mqtt.md, with folders and ports of a test's own. */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { answers, freePort } from '../harness/mosquitto.ts'
import { until } from '../harness/until.ts'
import { blockOf } from './texts.ts'

const FILE = 'skills/delegate-job/references/mqtt.md'

export interface Place {
  folder: string
  certificates: string
  /** Of the broker with TLS. */
  port: number
  /** The text with this place's folders, name and port. */
  there(text: string): string
  /** A Mosquitto client with the certificate of this host, as a line of shell. */
  client(program: 'mosquitto_pub' | 'mosquitto_sub', who: string): string
}

/** Runs the text's openssl commands, once more for each other host. */
export async function makeCertificates(folder: string, hosts: readonly string[]): Promise<Place> {
  const port = await freePort()
  const certificates = join(folder, 'certs')
  mkdirSync(certificates)
  mkdirSync(join(folder, 'data'))
  const there = (text: string) =>
    text
      .replaceAll('/etc/mosquitto', folder)
      .replaceAll('/var/lib/mosquitto', join(folder, 'data'))
      .replaceAll('mqtts://broker.example.org', `mqtts://localhost:${port}`)
      .replaceAll('broker.example.org:8883', `localhost:${port}`)
      .replaceAll('listener 8883', `listener ${port} 127.0.0.1`)
  const lines = there(blockOf(FILE, 'certificates')).trim().split('\n')
  const others = hosts
    .filter(host => host !== 'hosta')
    .flatMap(host => lines.filter(line => line.includes('hosta')).map(line => line.replaceAll('hosta', host)))
  execFileSync('/bin/sh', ['-ec', [...lines, ...others].join('\n')], { stdio: ['ignore', 'ignore', 'pipe'] })
  const client = (program: string, who: string) => {
    const own = ['--cafile', 'ca.pem', '--cert', `${who}.pem`, '--key', `${who}.key`]
    return [
      program,
      '-h',
      'localhost',
      '-p',
      port,
      ...own.map(word => word.replace(/.*\.\w+$/, `${certificates}/$&`)),
    ].join(' ')
  }
  return { folder, certificates, port, there, client }
}

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts the broker of the text, or its bridge; it ends with the test. */
export async function startOfText(place: Place, name: 'mosquitto.conf' | 'bridge' = 'mosquitto.conf') {
  const port = name === 'bridge' ? await freePort() : place.port
  writeFileSync(join(place.folder, 'jobs.acl'), blockOf(FILE, 'jobs.acl'))
  const data = join(place.folder, `data of ${name}`)
  mkdirSync(data)
  const text = place
    .there(blockOf(FILE, name))
    .replaceAll(join(place.folder, 'data'), data)
    .replace('listener 1883', `listener ${port}`)
  const config = join(place.folder, name)
  // As root it would become another user, who may not read this folder.
  writeFileSync(config, `user ${userInfo().username}\nlog_type all\n${text}`)
  let child: ChildProcess
  let log = ''
  const broker = {
    url: `mqtt://localhost:${port}`,
    log: () => log,
    async start() {
      child = spawn('mosquitto', ['-c', config], { env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` } })
      running.add(child)
      for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', more => (log += more))
      child.on('exit', () => running.delete(child))
      await until(`${name} on port ${port}`, () => {
        if (!running.has(child)) throw new Error(`it ended:\n${log}`)
        return answers(port)
      })
    },
    async kill() {
      if (!running.has(child)) return
      const gone = once(child, 'exit')
      // Its memory is written on its way out.
      child.kill('SIGTERM')
      await gone
    },
  }
  onTestFinished(broker.kill)
  await broker.start()
  return broker
}

let subscribers = 0

/** Listens to everything with a host's certificate; gives, once it listens, what it heard so far. `kept`: with the
 * subscription that was left, and what came for it. */
export async function subscriber(
  place: Place,
  broker: { log(): string },
  who: string,
  kept?: 'kept',
): Promise<() => string> {
  const id = kept === undefined ? `${who}-${++subscribers}` : keptId(who)
  const [program = '', ...args] = place.client('mosquitto_sub', who).split(' ')
  const child = spawn(program, [...args, ...(kept ? ['-c'] : []), '-i', id, '-q', '1', '-v', '-t', '#'])
  running.add(child)
  let heard = ''
  child.stdout.setEncoding('utf8').on('data', more => (heard += more))
  child.on('exit', () => running.delete(child))
  onTestFinished(() => void child.kill('SIGKILL'))
  const before = sentTo(broker, id)
  await until(`the subscription of ${who}`, () => sentTo(broker, id) > before)
  return () => heard
}

/** Leaves a subscription to everything with the broker, for whom it keeps what comes. */
export async function leaveSubscription(place: Place, broker: { log(): string }, who: string): Promise<void> {
  const [program = '', ...args] = place.client('mosquitto_sub', who).split(' ')
  const id = keptId(who)
  // -E: it leaves when the broker has taken the subscription.
  await promisify(execFile)(program, [...args, '-c', '-E', '-i', id, '-q', '1', '-t', '#'], { timeout: 20_000 })
  await until('its leaving', () => broker.log().includes(`Client ${id} disconnected`))
}

const keptId = (who: string) => `${who}-kept`
const sentTo = (broker: { log(): string }, id: string) => broker.log().split(`Sending SUBACK to ${id}`).length

/** Of how many jobs a subscriber wrote that they are completed. In doubt an event is sent twice. */
export function completedIn(log: string): number {
  const events = log.split('\n').filter(line => line.includes('"event":"completed"') && line.endsWith('}'))
  return new Set(events.map(line => JSON.parse(line).job_id)).size
}
