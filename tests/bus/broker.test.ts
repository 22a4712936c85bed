import { existsSync, readFileSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { connectAsync, type IClientOptions, type IConnackPacket, type MqttClient, connect as mqttConnect } from 'mqtt'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { startBroker } from '#lib/bus/broker.ts'
import { readBrokerFile } from '#lib/bus/broker-file.ts'
import { publishOnce } from '#lib/bus/publish-once.ts'
import { type BusSettings, busSettings } from '#lib/bus/settings.ts'
import type { RunningBroker } from '#lib/bus/types.ts'
import { MAX_PACKET } from '#lib/bus/wire.ts'
import { type EmbeddedBroker, startEmbedded } from '../harness/broker.ts'
import { freePort } from '../harness/mosquitto.ts'
import { until } from '../harness/until.ts'
import { makeWorld } from '../harness/world.ts'

let folder: string
beforeEach(() => {
  folder = join(makeWorld().root, 'secrets')
})

const TOPIC = 'python/mqtt/jobs/job-1/events'
const settings = () => busSettings({ env: {}, config: undefined, folder }) as BusSettings

/** A foreign client with the right password; it ends with the test. */
async function client(broker: RunningBroker | EmbeddedBroker, options: IClientOptions = {}): Promise<MqttClient> {
  const { username, password, url } = broker
  const made = await connectAsync(url, { username, password, reconnectPeriod: 0, ...options }, false)
  onTestFinished(() => void made.end(true))
  return made
}

async function here(options: { port?: number } = {}): Promise<RunningBroker> {
  const broker = await startBroker({ secretsFolder: folder, ...options })
  onTestFinished(() => broker.close())
  return broker
}

describe('the embedded broker', () => {
  it('is on record while it runs, for this user alone, and not afterwards', async () => {
    const broker = await here()
    const path = join(folder, 'broker.json')
    expect(readBrokerFile(folder)).toMatchObject({ port: broker.port, password: broker.password, pid: process.pid })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(broker.password).toMatch(/^[0-9a-f]{64}$/)
    expect(await publishOnce(settings(), [{ topic: TOPIC, payload: 'x' }], 15_000)).toEqual({ acked: 1 })
    const stays = await client(broker)
    let closed = false
    stays.on('close', () => {
      closed = true
    })
    await Promise.all([broker.close(), broker.close()])
    expect(existsSync(path)).toBe(false)
    await until('its client to be sent away', () => closed)
  })

  it('listens on 127.0.0.1 and nowhere else', async () => {
    const { port } = await here()
    const sockets = readFileSync('/proc/net/tcp', 'utf8') + readFileSync('/proc/net/tcp6', 'utf8')
    const hex = port.toString(16).toUpperCase().padStart(4, '0')
    const listening = sockets.split('\n').filter(line => new RegExp(`^ *\\d+: [0-9A-F]+:${hex} \\S+ 0A `).test(line))
    expect(listening.map(line => line.trim().split(/ +/)[1])).toEqual([`0100007F:${hex}`])
  })

  it('comes back at its port with its password after it was killed: its clients get in again', async () => {
    const first = await startEmbedded(folder)
    await first.kill()
    expect(readBrokerFile(folder)).toBeUndefined()
    const second = await startEmbedded(folder)
    expect([second.port, second.password]).toEqual([first.port, first.password])
    expect(second.pid).not.toBe(first.pid)
  })

  it('takes another port when its own is taken meanwhile, and keeps the password', async () => {
    const first = await startEmbedded(folder)
    await first.kill()
    const squatter = await startBroker({ secretsFolder: join(makeWorld().root, 'other'), port: first.port })
    onTestFinished(() => squatter.close())
    const second = await startEmbedded(folder)
    expect(second.port).not.toBe(first.port)
    expect(second.password).toBe(first.password)
    expect(squatter.password).not.toBe(first.password)
  })

  it('takes the port it is told, or says that it cannot be had', async () => {
    const port = await freePort()
    expect((await here({ port })).url).toBe(`mqtt://127.0.0.1:${port}`)
    const other = join(makeWorld().root, 'other')
    await expect(startBroker({ secretsFolder: other, port })).rejects.toMatchObject({ code: 'port-taken', exit: 1 })
    expect(readBrokerFile(other)).toBeUndefined()
    // What was refused holds nothing: a broker can start there.
    await (await startBroker({ secretsFolder: other })).close()
  })

  it('runs once per registry: the second one is told who has it', async () => {
    const { pid } = await startEmbedded(folder)
    await expect(startBroker({ secretsFolder: folder })).rejects.toMatchObject({
      code: 'broker-runs',
      exit: 1,
      message: expect.stringContaining(String(pid)),
    })
    expect(readBrokerFile(folder)?.pid).toBe(pid)
  })

  it('lets nobody in without the password', async () => {
    const broker = await here()
    for (const wrong of [
      { password: `${broker.password}0` },
      { password: '' },
      { password: undefined },
      { username: 'admin' },
      { username: undefined, password: undefined },
    ]) {
      const options = Object.fromEntries(Object.entries(wrong)) as IClientOptions
      await expect(client(broker, options), JSON.stringify(wrong)).rejects.toThrow(/Connection refused/)
    }
  })

  it.each<[string, string, { qos: 0 | 1 | 2; retain: boolean }, number]>([
    ['retained', TOPIC, { qos: 1, retain: true }, 1],
    ['on another topic', 'python/mqtt/jobs/job-1/state', { qos: 1, retain: false }, 1],
    ['on a topic of the broker', '$SYS/events', { qos: 1, retain: false }, 1],
    ['too large', TOPIC, { qos: 0, retain: false }, 65_537],
    ['larger than any packet may be', TOPIC, { qos: 1, retain: false }, MAX_PACKET],
  ])('takes no message that is %s, and hangs up on it', async (_what, topic, options, size) => {
    const broker = await here()
    const got: string[] = []
    const listener = await client(broker)
    await listener.subscribeAsync('#', { qos: 1 })
    listener.on('message', at => got.push(at))
    const sender = await client(broker)
    const hungUp = new Promise<void>(resolve => sender.once('close', () => resolve()))
    sender.publish(topic, 'x'.repeat(size), options, () => undefined)
    await hungUp
    const good = await client(broker)
    await good.publishAsync('any/thing/events', 'x'.repeat(65_536), { qos: 1 })
    await until('the good one', () => got.length > 0)
    await good.publishAsync('python/mqtt/jobs/monitors/0123456789abcdef/state', '{}', { qos: 1 })
    await until('what a monitor says', () => got.length > 1)
    expect(got).toEqual(['any/thing/events', 'python/mqtt/jobs/monitors/0123456789abcdef/state'])
  })

  it('keeps nothing of a stranger who announces a packet of 256 MB', async () => {
    const broker = await here()
    const socket = connect(broker.port, '127.0.0.1')
    socket.on('error', () => undefined).resume()
    socket.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]))
    // Well before the 5 s that it gives a client to introduce itself.
    await until('the broker to hang up', () => socket.destroyed, { timeoutMs: 4500 })
    for (const noise of [[0], [0x10, 0xff, 0xff, 0xff, 0xff, 0xff], [...Buffer.from('GET / HTTP/1.1\r\n\r\n')]]) {
      const other = connect(broker.port, '127.0.0.1')
      other.on('error', () => undefined)
      other.resume().end(Buffer.from(noise))
      await until('the broker to hang up', () => other.destroyed)
    }
    expect(await publishOnce(settings(), [{ topic: TOPIC, payload: 'x' }], 15_000)).toEqual({ acked: 1 })
  })

  it('takes a hundred connections and no more', async () => {
    const broker = await here()
    const sockets = Array.from({ length: 130 }, () => connect(broker.port, '127.0.0.1'))
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy()
    })
    for (const socket of sockets) socket.on('error', () => undefined).resume()
    await until('thirty to be sent away', () => sockets.filter(socket => socket.destroyed).length >= 30)
    expect(sockets.filter(socket => socket.destroyed)).toHaveLength(30)
    for (const socket of sockets) socket.destroy()
    const goes = () => publishOnce(settings(), [{ topic: TOPIC, payload: 'x' }], 500)
    await until('a place', async () => (await goes()).acked === 1)
  })

  it('keeps what came for a client that is away, and ends its session before that fills the memory', async () => {
    const broker = await here()
    const sender = await client(broker)
    const send = (count: number) =>
      Promise.all(Array.from({ length: count }, (_, i) => sender.publishAsync(TOPIC, `${i}`, { qos: 1 })))
    await leaveSession(broker, 'away')
    await send(1000)
    const kept = await comeBack(broker, 'away')
    expect(kept.sessionPresent).toBe(true)
    await until('all of them', () => kept.got.length === 1000)
    await kept.client.endAsync()
    await send(1001)
    const ended = await comeBack(broker, 'away')
    expect(ended.sessionPresent).toBe(false)
    await ended.client.subscribeAsync('#', { qos: 1 })
    await sender.publishAsync(TOPIC, 'after', { qos: 1 })
    await until('what came after', () => ended.got.length > 0)
    expect(ended.got).toEqual(['after'])
  })

  it('keeps twenty sessions, and lets go of those who were away longest', async () => {
    const broker = await here()
    const stays = await client(broker, { clientId: 'stays', clean: false })
    await stays.subscribeAsync('#', { qos: 1 })
    for (let i = 0; i < 25; i++) await leaveSession(broker, `away-${i}`)
    expect((await comeBack(broker, 'away-5')).sessionPresent).toBe(false)
    expect((await comeBack(broker, 'away-6')).sessionPresent).toBe(true)
    expect(stays.connected).toBe(true)
  })
})

/** Subscribes, and goes away without giving that up. */
async function leaveSession(broker: RunningBroker, clientId: string): Promise<void> {
  const made = await client(broker, { clientId, clean: false })
  await made.subscribeAsync('#', { qos: 1 })
  await made.endAsync()
}

async function comeBack({ url, username, password }: RunningBroker, clientId: string) {
  const made = mqttConnect(url, { username, password, clientId, clean: false, reconnectPeriod: 0 })
  onTestFinished(() => void made.end(true))
  const got: string[] = []
  made.on('message', (_topic, payload) => got.push(payload.toString()))
  const { sessionPresent } = await new Promise<IConnackPacket>(resolve => made.once('connect', resolve))
  return { client: made, got, sessionPresent }
}
