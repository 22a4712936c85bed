/** Jobs: handed out, reported by those who know the secret, and by those who do not. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import mqtt from 'mqtt'
import { signEvent } from '#lib/bus/event.ts'
import { eventTopic } from '#lib/bus/topics.ts'
import { pick, type Random } from '../texts.ts'
import { alone, at, command, freshText } from './command.ts'
import { folderOf, type KnownJob, keyOf, type Lab, type Name } from './lab.ts'

export const submit = alone(async (lab, name, random) => {
  const text = freshText(random)
  lab.prompts.set(text, { isSure: false, name: keyOf(name) })
  const keep = random() < 0.3 ? ['--keep-session'] : []
  const done = await command(lab, ['delegate-job', 'submit', ...at(name), '--prompt', text, '--timeout', '2d', ...keep])
  const job = done.json?.['job'] as { id: string } | undefined
  if (job === undefined || done.code !== 0) return
  lab.did('jobs submitted, acknowledged')
  lab.prompts.set(text, { isSure: true, name: keyOf(name) })
  lab.jobs.set(job.id, { id: job.id, name: name.name, server: name.server })
})

/** The agent of a job reports its end: by the command, or as a program that knows the secret, by the broker. */
export async function report(lab: Lab, _: Name, random: Random): Promise<void> {
  const open = [...lab.jobs.values()].filter(job => job.reported === undefined)
  if (open.length === 0) return
  const job = pick(random, open)
  const event = random() < 0.8 ? 'completed' : 'error'
  job.reported = event
  if (random() < 0.5 || lab.broker === undefined) await emit(lab, job)
  else await publish(lab, job, event, false)
}

export const emit = (lab: Lab, job: KnownJob) =>
  command(lab, ['delegate-job', 'emit', job.id, job.reported ?? 'completed', '--summary', 'done'])

/** Somebody on the broker says that a job ended, and does not know its secret. */
export async function forge(lab: Lab, _: Name, random: Random): Promise<void> {
  const open = [...lab.jobs.values()].filter(job => job.reported === undefined)
  if (open.length > 0) await publish(lab, pick(random, open), 'completed', true)
}

export const FORGER = 'forger'
const PREFIX = 'python/mqtt/jobs'

async function publish(lab: Lab, job: KnownJob, event: string, isForged: boolean): Promise<void> {
  const { broker } = lab
  if (broker === undefined) return
  const file = JSON.parse(readFileSync(join(folderOf(lab), 'jobs', `${job.id}.json`), 'utf8'))
  const { name, server } = job
  const emitter = isForged ? FORGER : 'storm'
  const fields = { job_id: job.id, event, at: new Date().toISOString(), emitter, seq: 1 }
  const secret = isForged ? '0'.repeat(64) : file.secret
  const payload = JSON.stringify(signEvent({ ...fields, session: name, server, host: 'elsewhere' }, secret))
  const login = { username: broker.username, password: broker.password, protocolVersion: 4 as const }
  try {
    const client = await mqtt.connectAsync(broker.url, { ...login, reconnectPeriod: 0, connectTimeout: 2000 })
    const lost = new Promise((_, reject) => client.once('close', () => reject(new Error('the broker hung up'))))
    lost.catch(() => undefined)
    await Promise.race([client.publishAsync(eventTopic(PREFIX, job.id), payload, { qos: 1 }), lost]).finally(() =>
      client.end(true),
    )
    lab.did(isForged ? 'forged events published' : 'signed events published')
    lab.say(`${isForged ? 'forged' : 'signed'} ${event} of job ${job.id} published`)
  } catch (error) {
    // A broker that is down: reported ends are told again in the calm.
    lab.say(`event of job ${job.id} not published: ${error}`)
  }
}
