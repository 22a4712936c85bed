import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { publishOnce } from '#lib/bus/publish-once.ts'
import { type BusSettings, busSettings } from '#lib/bus/settings.ts'
import { MAX_PACKET } from '#lib/bus/wire.ts'
import { startEmbedded } from '../harness/broker.ts'
import { startMosquitto } from '../harness/mosquitto.ts'
import { until } from '../harness/until.ts'
import { makeWorld } from '../harness/world.ts'
import { at, beBroker, CONNECT, fakeServer, listen, versionOf } from './fake-broker.ts'
import { first, link, TOPIC } from './told-link.ts'

describe('a link to brokers of many kinds', () => {
  it.each<[string, number[]]>([
    ['says that it does not speak MQTT 5', [0x20, 2, 0, 1]],
    ['says so in the words of MQTT 5', [0x20, 3, 0, 0x84, 0]],
    ['just hangs up on MQTT 5', []],
  ])('speaks 3.1.1 with a broker that %s, and tells nothing of the detour', async (_what, answer) => {
    const versions: number[] = []
    const { settings } = await fakeServer(socket =>
      listen(socket, frame => {
        if (frame.type === CONNECT) versions.push(versionOf(frame))
        if (versionOf(frame) === 5 && frame.type === CONNECT) socket.end(Buffer.from(answer))
        else beBroker(socket, frame)
      }),
    )
    const { told, link: made } = link(settings)
    await until('the link', () => made.isConnected())
    expect(told).toEqual([`connected: connected to ${settings.url}`])
    expect(versions).toEqual([5, 4])
  })

  it('speaks 3.1.1 with a foreign aedes, too', async () => {
    const folder = join(makeWorld().root, 'secrets')
    const { port, username, password } = await startEmbedded(folder)
    const settings = at(port, { username, password })
    const { told, got } = link(settings)
    await first(told)
    expect(await publishOnce(settings, [{ topic: TOPIC, payload: 'x' }], 15_000)).toEqual({ acked: 1 })
    await until('the message', () => got.length === 1)
    expect(told).toEqual([`connected: connected to ${settings.url}`])
  })

  it('goes through TLS, with the authority it was given', async () => {
    const broker = await startMosquitto({ tls: true, clientCertificates: true })
    const settings = busSettings({ env: broker.env, config: undefined, folder: '/nowhere' }) as BusSettings
    const { told, got } = link(settings)
    await first(told)
    expect(await publishOnce(settings, [{ topic: TOPIC, payload: 'x' }], 15_000)).toEqual({ acked: 1 })
    await until('the message', () => got.length === 1)
    const { ca: _ca, ...unknown } = settings
    expect(await first(link(unknown).told)).toMatch(/^lost: .*certificate/)
    const { cert: _cert, key: _key, ...bare } = settings
    expect(await first(link({ ...bare, host: '127.1' }).told)).toMatch(/^lost: .*altnames/)
    expect(await first(link(bare).told)).toMatch(/^lost: /)
  })

  it('gets nothing from Mosquitto that is retained or too large, and everything after it', async () => {
    const broker = await startMosquitto()
    const settings = busSettings({ env: broker.env, config: undefined, folder: '/nowhere' }) as BusSettings
    const { connectAsync } = await import('mqtt')
    const { username, password } = settings
    const publisher = await connectAsync(settings.url, { username, password } as { username: string; password: string })
    onTestFinished(() => publisher.endAsync(true))
    await publisher.publishAsync(TOPIC, 'retained', { qos: 1, retain: true })
    const { told, got } = link(settings)
    await first(told)
    await publisher.publishAsync(TOPIC, 'x'.repeat(MAX_PACKET), { qos: 1 })
    await publisher.publishAsync(TOPIC, 'y'.repeat(65_536), { qos: 1 })
    await publisher.publishAsync(TOPIC, 'once', { qos: 0 })
    await publisher.publishAsync(TOPIC, 'twice', { qos: 2 })
    await until('the last', () => got.includes('twice'))
    expect(got).toEqual(['y'.repeat(65_536), 'once', 'twice'])
    expect(told).toEqual([expect.stringMatching(/^connected/)])
  })
})
