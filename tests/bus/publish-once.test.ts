import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { connectBus } from '#lib/bus/client.ts'
import { publishOnce } from '#lib/bus/publish-once.ts'
import { type BusSettings, busSettings } from '#lib/bus/settings.ts'
import { startEmbedded } from '../harness/broker.ts'
import { freePort, startMosquitto } from '../harness/mosquitto.ts'
import { until } from '../harness/until.ts'
import { makeWorld } from '../harness/world.ts'
import { ack, at, beBroker, CONNECT, fakeServer, listen, PUBLISH, versionOf } from './fake-broker.ts'

const message = (n: number) => ({ topic: `python/mqtt/jobs/job-${n}/events`, payload: `{"n":${n}}` })
const MESSAGES = [1, 2, 3].map(message)
/** For brokers that answer, however busy the machine is. */
const AMPLE_MS = 15_000

async function brokerSettings(kind: string): Promise<BusSettings> {
  const world = makeWorld()
  const folder = join(world.root, 'secrets')
  const env = kind === 'Mosquitto' ? (await startMosquitto()).env : {}
  if (kind !== 'Mosquitto') await startEmbedded(folder)
  const settings = busSettings({ env, config: undefined, folder })
  if (settings === undefined) throw new Error('no settings')
  return settings
}

/** What it gives, and how long it took. */
async function timed(settings: BusSettings, messages = MESSAGES, timeoutMs = AMPLE_MS) {
  const began = performance.now()
  const result = await publishOnce(settings, messages, timeoutMs)
  return { ...result, ms: performance.now() - began }
}

describe.each(['Mosquitto', 'the embedded broker'])('publishing once to %s', kind => {
  it('counts what the broker acknowledged, and who listens gets it in order', async () => {
    const settings = await brokerSettings(kind)
    const got: string[] = []
    const link = connectBus(settings, {
      clientId: 'listener',
      filter: 'python/mqtt/jobs/+/events',
      onMessage: async (topic, payload) => void got.push(`${topic} ${Buffer.from(payload)}`),
      onState: () => undefined,
    })
    await until('the listener', () => link.isConnected())
    expect(await publishOnce(settings, MESSAGES, AMPLE_MS)).toEqual({ acked: 3 })
    await until('three messages', () => got.length === 3)
    expect(got).toEqual(MESSAGES.map(({ topic, payload }) => `${topic} ${payload}`))
    await link.end()
  })

  it('says that the password is wrong', async () => {
    const settings = await brokerSettings(kind)
    const { acked, why } = await publishOnce({ ...settings, password: 'secret-no' }, MESSAGES, AMPLE_MS)
    expect(acked).toBe(0)
    expect(why).toMatch(/refused: .*user name/)
    expect(why).not.toContain('secret-no')
    const { username: _user, password: _password, ...anonymous } = settings
    expect(await publishOnce(anonymous, MESSAGES, AMPLE_MS)).toMatchObject({ acked: 0, why: /refused/ })
  })

  it('of nothing asks nobody', async () => {
    expect(await publishOnce(at(1), [], AMPLE_MS)).toEqual({ acked: 0 })
  })
})

describe('publishing once over TLS', () => {
  it('takes the broker whose authority it was given, and no other', async () => {
    const broker = await startMosquitto({ tls: true })
    const folder = join(broker.folder, 'none')
    const settings = busSettings({ env: broker.env, config: undefined, folder }) as BusSettings
    expect(await publishOnce(settings, MESSAGES, AMPLE_MS)).toEqual({ acked: 3 })
    const { ca: _ca, ...unknown } = settings
    expect(await publishOnce(unknown, MESSAGES, AMPLE_MS)).toMatchObject({ acked: 0, why: /certificate/ })
    expect(await publishOnce({ ...settings, ca: 'no PEM' }, MESSAGES, AMPLE_MS)).toMatchObject({ acked: 0 })
    // Another name of this machine, which the certificate does not carry.
    const elsewhere = await publishOnce({ ...settings, host: '127.1' }, MESSAGES, AMPLE_MS)
    expect(elsewhere).toMatchObject({ acked: 0, why: /altnames/ })
  })

  it('shows its certificate to a broker that asks for one', async () => {
    const broker = await startMosquitto({ tls: true, clientCertificates: true })
    const folder = join(broker.folder, 'none')
    const settings = busSettings({ env: broker.env, config: undefined, folder }) as BusSettings
    expect(settings.cert).toBe(readFileSync(String(broker.tls?.cert), 'utf8'))
    expect(await publishOnce(settings, MESSAGES, AMPLE_MS)).toEqual({ acked: 3 })
    const { cert: _cert, key: _key, ...bare } = settings
    expect(await publishOnce(bare, MESSAGES, AMPLE_MS)).toMatchObject({ acked: 0, why: /:\d+: / })
  })
})

describe('publishing once where something is wrong', () => {
  it.each<[string, RegExp, Partial<BusSettings>]>([
    ['nobody listens', /^127\.0\.0\.1:\d+: nobody listens there$/, {}],
    [
      'the name does not exist',
      /nowhere\.invalid:\d+: (there is no machine|the name cannot)/,
      { host: 'nowhere.invalid' },
    ],
    ['the key is none', /:/, { tls: true, cert: 'x', key: 'y' }],
  ])('tells that %s', async (_what, why, more) => {
    const result = await publishOnce(at(await freePort(), more), MESSAGES, AMPLE_MS)
    expect(result).toEqual({ acked: 0, why: expect.stringMatching(why) })
  })

  it.each<[string, string, (bytes: (...all: number[]) => void, end: () => void) => void]>([
    ['that never answers', 'no answer in time', () => undefined],
    ['that is no broker', 'this is not MQTT', bytes => bytes(0x20, 0xff, 0xff, 0xff, 0xff, 1)],
    ['with an answer that never ends', 'a packet is too large', bytes => bytes(0x20, 0xff, 0xff, 0x7f)],
    ['that stops in the middle of its answer', 'no answer in time', bytes => bytes(0x20)],
    ['that hangs up in the middle of its answer', 'it hung up', (bytes, end) => [bytes(0x20, 3), end()]],
    ['that hangs up', 'it hung up', (_bytes, end) => end()],
    ['that is busy', 'refused: it is busy', bytes => bytes(0x20, 3, 0, 0x89, 0)],
    ['that says something new', 'refused: reason 200', bytes => bytes(0x20, 3, 0, 200, 0)],
    ['that welcomes and never acknowledges', 'no answer in time', bytes => bytes(0x20, 3, 0, 0, 0)],
    ['that welcomes and sends us away', 'it shuts down', bytes => bytes(0x20, 3, 0, 0, 0, 0xe0, 2, 0x8b, 0)],
  ])('is not held up by a server %s', async (_what, why, behave) => {
    const { settings, sockets } = await fakeServer(socket => {
      socket.on('data', () =>
        behave(
          (...all) => socket.write(Buffer.from(all)),
          () => socket.end(),
        ),
      )
    })
    // Where it says something, that is to be the end of it, and not the clock.
    const { acked, why: told, ms } = await timed(settings, MESSAGES, why === 'no answer in time' ? 500 : AMPLE_MS)
    expect([acked, told]).toEqual([0, expect.stringContaining(why)])
    expect(ms).toBeLessThan(8000)
    await until('no connection left', () => sockets.size === 0)
  })

  it('counts from the first message until the broker stops acknowledging', async () => {
    let published = 0
    const { settings } = await fakeServer(socket =>
      listen(socket, frame => {
        beBroker(socket, frame)
        if (frame.type === PUBLISH && ++published <= 2) ack(socket, frame)
      }),
    )
    expect(await publishOnce(settings, MESSAGES, 4000)).toMatchObject({ acked: 2, why: /no answer in time/ })
  })

  it('counts a message that nobody listens to, and none that the broker does not take', async () => {
    let published = 0
    const { settings } = await fakeServer(socket =>
      listen(socket, frame => {
        beBroker(socket, frame)
        if (frame.type === PUBLISH) ack(socket, frame, ++published === 1 ? 0x10 : 0x87)
      }),
    )
    const result = await publishOnce(settings, MESSAGES, AMPLE_MS)
    expect(result).toMatchObject({ acked: 1, why: /did not take the message: not authorised/ })
  })

  it.each<[string, number[]]>([
    ['says so', [0x20, 2, 0, 1]],
    ['says so in the words of MQTT 5', [0x20, 3, 0, 0x84, 0]],
    ['just hangs up', []],
  ])('comes again with MQTT 3.1.1 where a broker %s', async (_what, answer) => {
    const versions: number[] = []
    const { settings } = await fakeServer(socket =>
      listen(socket, frame => {
        if (frame.type === CONNECT) versions.push(versionOf(frame))
        if (versions.length === 1) return socket.end(Buffer.from(answer))
        beBroker(socket, frame)
        if (frame.type === PUBLISH) ack(socket, frame)
      }),
    )
    expect(await publishOnce(settings, MESSAGES, AMPLE_MS)).toEqual({ acked: 3 })
    expect(versions).toEqual([5, 4])
  })

  it('refuses what MQTT cannot carry, and does not throw', async () => {
    const { settings } = await fakeServer(socket => listen(socket, frame => beBroker(socket, frame)))
    const long = [{ topic: 'x'.repeat(70_000), payload: '' }]
    expect(await publishOnce(settings, long, AMPLE_MS)).toMatchObject({ acked: 0, why: /65535/ })
    const password = { username: 'u', password: 'x'.repeat(70_000) }
    expect(await publishOnce({ ...settings, ...password }, MESSAGES, AMPLE_MS)).toMatchObject({
      acked: 0,
      why: /65535/,
    })
  })
})
