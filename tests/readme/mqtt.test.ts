/** references/mqtt.md: its examples, its Mosquitto and its bridge, as they stand there. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { isSignedBy } from '#lib/bus/event.ts'
import { jobFile, untilState } from '../harness/jobs.ts'
import { startMosquitto } from '../harness/mosquitto.ts'
import { CLAUDE } from '../harness/sessions.ts'
import { until } from '../harness/until.ts'
import { folder, makeWorld } from '../harness/world.ts'
import { connectedListener, delegated, untilEnded } from '../subscribe/listener.ts'
import { leaveSubscription, makeCertificates, type Place, startOfText, subscriber } from './broker-of-text.ts'
import { runText } from './run-text.ts'
import { blockOf, commandsOf, linkProgram } from './texts.ts'

const FILE = 'skills/delegate-job/references/mqtt.md'

it('the example event is signed as the text says', () => {
  const secret = '00112233445566778899aabbccddeeff'.repeat(2)
  expect(isSignedBy(JSON.parse(blockOf(FILE, 'an event')), secret)).toBe(true)
  expect(isSignedBy(JSON.parse(blockOf(FILE, 'an event')), secret.replace('0', '1'))).toBe(false)
})

it('what python3 and Node sign by the text, a monitor believes', async () => {
  const world = makeWorld()
  const { job } = delegated(world)
  const broker = await startMosquitto()
  Object.assign(world.env, broker.env)
  // Where mosquitto_pub looks for what is on no command line.
  mkdirSync(join(world.home, '.config'))
  const login = [`-h ${broker.host}`, `-p ${broker.port}`, `-u ${broker.username}`, `-P ${broker.password}`]
  writeFileSync(join(world.home, '.config/mosquitto_pub'), `${login.join('\n')}\n`, { mode: 0o600 })
  for (const name of ['sign.py', 'sign.mjs']) writeFileSync(join(world.workspace, name), blockOf(FILE, name))
  const monitor = await connectedListener(world)
  for (const command of commandsOf(FILE, 'sign and send')) {
    const ran = await runText(world, command.replaceAll('JOB', job.id))
    expect([ran.code, ran.stderr]).toEqual([0, ''])
  }
  await untilEnded(world)
  const { events, summary } = jobFile(world, job.id)
  expect(events.slice(-2)).toMatchObject([
    { event: 'progress', emitter: 'sign.py', summary: 'half of it' },
    { event: 'completed', emitter: 'sign.mjs', summary: 'all of it' },
  ])
  expect(summary).toBe('all of it')
  expect(monitor.news('refused')).toEqual([])
})

it('accept_unsigned: an event without a signature counts, a wrong one does not', async () => {
  const world = makeWorld()
  const { job } = delegated(world)
  const broker = await startMosquitto({ config: ['allow_anonymous true'] })
  const config = join(world.workspace, '.hermes/agent-sessions.config.yaml')
  writeFileSync(config, `bus:\n  url: ${broker.url}\n  accept_unsigned: true\n`)
  const monitor = await connectedListener(world)
  const publish = (more: Record<string, unknown>) => {
    const payload = JSON.stringify({ job_id: job.id, ...more })
    const to = `-h ${broker.host} -p ${broker.port} -t python/mqtt/jobs/${job.id}/events`
    return runText(world, `echo '${payload}' | mosquitto_pub -q 1 ${to} -s`)
  }
  const at = new Date().toISOString()
  await publish({ event: 'completed', at, emitter: 'old', seq: 1, sig: '0'.repeat(64) })
  await publish({ event: 'progress', summary: 'half' })
  await publish({ event: 'error', summary: 'no' })
  await untilEnded(world, CLAUDE, 'error')
  expect(monitor.news('refused')).toMatchObject([{ why: `job ${job.id}: wrong signature` }])
  expect(jobFile(world, job.id).events.slice(2)).toMatchObject([{ event: 'progress' }, { event: 'error' }])
})

it('Mosquitto with TLS and an ACL: each host below its own name, and one that may look at all', async () => {
  const world = makeWorld()
  const { job } = delegated(world)
  linkProgram(world)
  const place = await makeCertificates(folder(world, 'broker'), ['hosta', 'hostb', 'dashboard'])
  const broker = await startOfText(place)
  const [dashboard, hostb] = [await subscriber(place, broker, 'dashboard'), await subscriber(place, broker, 'hostb')]
  keep(place, world.home)
  const config = join(world.workspace, '.hermes/agent-sessions.config.yaml')
  writeFileSync(config, place.there(blockOf(FILE, 'hosta config')))
  const monitor = await connectedListener(world)
  await until('the monitor, on the dashboard', () => dashboard().includes('"state":"watching"'))

  const emit = `agent-sessions delegate-job emit ${job.id}`
  const ran = await runText(world, `${emit} progress --json`)
  expect(JSON.parse(ran.stdout)).toMatchObject({ published: true })
  const elsewhere = await runText(world, `${emit} progress --json`, { MQTT_TOPIC_PREFIX: 'jobs/hostb' })
  expect(JSON.parse(elsewhere.stdout)).toMatchObject({ published: false })
  expect(elsewhere.stderr).toContain('it is on record; the broker was not told yet')
  await runText(world, `${emit} completed`)
  await untilEnded(world)
  await until('the end, on the dashboard', () => dashboard().includes('"event":"completed"'))
  expect(dashboard()).toContain(`jobs/hosta/${job.id}/events`)
  await runText(world, `${place.client('mosquitto_pub', 'hostb')} -q 1 -t jobs/hostb/any/events -m "its own"`)
  await until('its own, on hostb', () => hostb().includes('its own'))
  expect(hostb()).not.toContain('hosta')
  expect(await monitor.end()).toBe(0)
}, 90_000)

it('the same host by its environment', async () => {
  const world = makeWorld()
  delegated(world)
  linkProgram(world)
  const place = await makeCertificates(folder(world, 'broker'), ['hosta', 'dashboard'])
  const broker = await startOfText(place)
  keep(place, world.home)
  const dashboard = await subscriber(place, broker, 'dashboard')
  const commands = place.there(blockOf(FILE, 'hosta')).replace('--idle-timeout 0', '--timeout 8')
  const ran = await runText(world, commands)
  expect([ran.code, ran.stderr]).toEqual([0, ''])
  expect(ran.stdout).toContain(`broker: connected: mqtts://localhost:${place.port} (environment)`)
  await until('its leaving, on the dashboard', () => dashboard().includes('"state":"left"'))
}, 60_000)

it('a bridge carries events both ways, each once, and what came while the middle was away', async () => {
  const world = makeWorld()
  const { job } = delegated(world)
  linkProgram(world)
  const place = await makeCertificates(folder(world, 'broker'), ['hosta', 'dashboard'])
  const middle = await startOfText(place)
  const bridge = await startOfText(place, 'bridge')
  const dashboard = await subscriber(place, middle, 'dashboard')
  Object.assign(world.env, { AGENT_JOBS_MQTT_URL: bridge.url, MQTT_TOPIC_PREFIX: 'jobs/hosta' })
  const monitor = await connectedListener(world)
  await until('the bridge', () => middle.log().includes('bridge-hosta'))

  await runText(world, `agent-sessions delegate-job emit ${job.id} progress --summary first`)
  await until('it, on the dashboard', () => dashboard().includes('first'))
  // What comes for it while it is away is kept: the bridge may be back before it is.
  await leaveSubscription(place, middle, 'dashboard')
  await middle.kill()
  await runText(world, `agent-sessions delegate-job emit ${job.id} progress --summary second`)
  await middle.start()
  const again = await subscriber(place, middle, 'dashboard', 'kept')
  await until('what came meanwhile, on the dashboard', () => again().includes('second'), { timeoutMs: 60_000 })

  // Signed on this machine, published in the middle.
  writeFileSync(join(world.workspace, 'sign.py'), blockOf(FILE, 'sign.py'))
  const sign = `python3 sign.py .hermes/jobs/${job.id}.json completed done`
  const sent = await runText(
    world,
    `${sign} | ${place.client('mosquitto_pub', 'hosta')} -q 1 -t jobs/hosta/${job.id}/events -s`,
  )
  expect([sent.code, sent.stderr]).toEqual([0, ''])
  await untilEnded(world, CLAUDE)
  const { events } = await untilState(world, job.id, 'completed')
  expect(events.map(({ emitter, summary }) => [emitter, summary]).slice(2)).toEqual([
    ['emit', 'first'],
    ['emit', 'second'],
    ['sign.py', 'done'],
  ])
  expect(dashboard().match(/first/g)).toHaveLength(1)
  expect(again().match(/second/g)).toHaveLength(1)
  expect(monitor.news('refused')).toEqual([])
}, 90_000)

/** What the text puts into the host's own folder. */
function keep(place: Place, home: string): void {
  const own = join(home, '.config/jobs')
  mkdirSync(own, { recursive: true })
  for (const name of ['ca.pem', 'hosta.pem', 'hosta.key']) copyFileSync(join(place.certificates, name), join(own, name))
}
