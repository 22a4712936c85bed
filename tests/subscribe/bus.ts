/** The bus as a stranger to this program knows it: signed events made from their description alone, and a client. */
import { createHmac } from 'node:crypto'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import mqtt from 'mqtt'
import type { JobFile } from '../harness/jobs.ts'
import { readJson } from '../harness/live-create.ts'
import { lives } from '../harness/processes.ts'
import { until } from '../harness/until.ts'
import type { World } from '../harness/world.ts'

export interface Broker {
  url: string
  username?: string
  password?: string
}

export interface Message {
  topic: string
  payload: string | Buffer
  retain?: boolean
}

export const topicOf = (id: string, prefix = 'python/mqtt/jobs') => `${prefix}/${id}/events`

/** JSON with keys in the order of their code points at every depth, and no blanks. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`
}

export function signed<T extends object>(fields: T, secret: string): T & { sig: string } {
  return { ...fields, sig: createHmac('sha256', secret).update(canonical(fields)).digest('hex') }
}

let seq = 0

/** The fields of an event by somebody else than the commands, not signed yet; each with a number of its own. */
export function eventFields(job: JobFile, event: string, over: Record<string, unknown> = {}): Record<string, unknown> {
  const { name, server } = job.session
  const at = new Date().toISOString()
  return {
    job_id: job.id,
    event,
    at,
    emitter: 'test@elsewhere',
    seq: ++seq,
    session: name,
    server,
    host: 'elsewhere',
    ...over,
  }
}

/** A message that a listener with the job's file must believe. */
export function signedEvent(job: JobFile, event: string, over: Record<string, unknown> = {}): Message {
  const payload = JSON.stringify(signed(eventFields(job, event, over), job.secret))
  return { topic: topicOf(job.id), payload }
}

async function connect({ url, username, password }: Broker) {
  const login = username === undefined ? {} : { username, password }
  // 3.1.1: what every broker speaks.
  return mqtt.connectAsync(url, { ...login, protocolVersion: 4, reconnectPeriod: 0, connectTimeout: 15_000 })
}

/** Publishes them all in this order, QoS 1; gives when the broker has acknowledged them. */
export async function publish(broker: Broker, messages: Message[]): Promise<void> {
  const client = await connect(broker)
  // What is refused may cost the connection: then no acknowledgement comes any more.
  const cut = new Promise<never>((_, fail) => client.once('close', () => fail(new Error('the broker hung up'))))
  const sent = messages.map(({ topic, payload, retain = false }) =>
    client.publishAsync(topic, payload, { qos: 1, retain }),
  )
  try {
    await Promise.race([Promise.all(sent), cut])
  } finally {
    cut.catch(() => undefined)
    await client.endAsync(!client.connected)
  }
}

export interface Heard {
  messages: { topic: string; event: string; job_id: string; sig: string }[]
  end(): Promise<unknown>
}

/** Listens to the events of all jobs, from when it gives on. */
export async function listen(broker: Broker): Promise<Heard> {
  const client = await connect(broker)
  const messages: Heard['messages'] = []
  client.on('message', (topic, payload) => messages.push({ topic, ...JSON.parse(payload.toString()) }))
  await client.subscribeAsync('python/mqtt/jobs/+/events', { qos: 1 })
  return { messages, end: () => client.endAsync(true) }
}

export const brokerPath = (world: World) => join(dirname(world.registry), 'secrets/broker.json')

/** The broker that a monitor runs, once it is there. */
export function embeddedBroker(world: World): Promise<Broker & { port: number; pid: number }> {
  return until('the embedded broker', () => {
    if (!existsSync(brokerPath(world))) return undefined
    const broker = readJson<Broker & { port: number; pid: number }>(brokerPath(world))
    return lives(broker.pid) && broker
  })
}
