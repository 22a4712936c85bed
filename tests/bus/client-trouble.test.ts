import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { BusSettings } from '#lib/bus/settings.ts'
import { freePort } from '../harness/mosquitto.ts'
import { until } from '../harness/until.ts'
import {
  ack,
  at,
  beBroker,
  CONNECT,
  fakeServer,
  listen,
  PINGREQ,
  PUBLISH,
  publication,
  SUBSCRIBE,
} from './fake-broker.ts'
import { FILTER, first, link, TOPIC } from './told-link.ts'

/** A try comes 1 to 3 s after the last one, 3 to 9 s after a refusal. */
const PATIENCE = { timeoutMs: 15_000 }

afterEach(() => {
  vi.useRealTimers()
})

describe('a link where there is no broker tells once, and goes on trying: ', () => {
  it.each<[string, RegExp, () => Promise<BusSettings>]>([
    ['nobody listens', /^lost: 127\.0\.0\.1:\d+: nobody listens there$/, async () => at(await freePort())],
    ['no such name', /^lost: nowhere\.invalid:1: (there|the name)/, async () => at(1, { host: 'nowhere.invalid' })],
    ['no answer', /^lost: .*: no answer$/, async () => (await fakeServer(() => undefined)).settings],
    ['hangs up', /^lost: .*: it hung up$/, async () => (await fakeServer(socket => socket.end())).settings],
    ['a key that is none', /^lost: /, async () => at(await freePort(), { tls: true, cert: 'x', key: 'y' })],
    [
      'no MQTT',
      /^lost: /,
      async () =>
        (await fakeServer(socket => socket.on('data', () => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))))
          .settings,
    ],
    ['no TLS', /^lost: /, async () => ({ ...(await fakeServer(socket => socket.end('plain'))).settings, tls: true })],
    [
      'no answer to the subscription',
      /^lost: .*: no answer to our subscription$/,
      async () => {
        const only = (socket: Parameters<typeof listen>[0]) =>
          listen(socket, frame => frame.type === CONNECT && beBroker(socket, frame))
        return (await fakeServer(only)).settings
      },
    ],
  ])('%s', async (_what, why, settings) => {
    const { told, link: made } = link(await settings())
    expect(made.isConnected()).toBe(false)
    expect(await first(told)).toMatch(why)
    expect(await made.publish(TOPIC, 'x', 1000)).toBe(false)
    expect(told).toHaveLength(1)
  })
})

describe('a link', () => {
  it('gets in when the broker lets it, and has told the refusal once', async () => {
    const { settings, count } = await fakeServer((socket, index) =>
      listen(socket, frame => {
        if (index < 2) socket.end(Buffer.from([0x20, 3, 0, 0x86, 0]))
        else beBroker(socket, frame)
      }),
    )
    const { told, link: made } = link(settings)
    await until('the link', () => made.isConnected(), { timeoutMs: 25_000 })
    expect(told).toEqual([
      expect.stringMatching(/^refused: .* refused: wrong user name or password$/),
      `connected: connected to ${settings.url}`,
    ])
    expect(count()).toBe(3)
  })

  it('that may not subscribe is refused', async () => {
    const { settings } = await fakeServer(socket =>
      listen(socket, frame => {
        if (frame.type !== SUBSCRIBE) return beBroker(socket, frame)
        socket.write(Buffer.from([0x90, 4, ...frame.body.subarray(0, 2), 0, 0x87]))
      }),
    )
    expect(await first(link(settings).told)).toContain(`does not let us subscribe to ${FILTER}`)
  })

  it('notices a broker that goes silent', async () => {
    let isSilent = false
    const { settings, sockets } = await fakeServer(socket =>
      listen(socket, frame => !isSilent && beBroker(socket, frame, { keepaliveSec: 1 })),
    )
    const { told, link: made } = link(settings)
    await until('the link', () => made.isConnected())
    isSilent = true
    await until('the loss', () => !made.isConnected(), PATIENCE)
    expect(told).toEqual([expect.stringMatching(/^connected/), expect.stringMatching(/^lost: .*: no answer any more$/)])
    isSilent = false
    await until('the link again', () => made.isConnected(), PATIENCE)
    expect(sockets.size).toBe(1)
  })

  it('notices a broker that answers pings and acknowledges nothing', async () => {
    const { settings } = await fakeServer(socket => listen(socket, frame => beBroker(socket, frame)))
    const { told, link: made } = link(settings)
    await until('the link', () => made.isConnected())
    expect(await made.publish(TOPIC, 'x', 50)).toBe(false)
    expect(made.isConnected()).toBe(true)
    await until('the loss', () => !made.isConnected(), PATIENCE)
    expect(told.at(-1)).toMatch(/^lost: .*: it does not acknowledge what we publish$/)
  })

  it('says no to those who wait for an acknowledgement when the connection breaks', async () => {
    const { settings } = await fakeServer(socket =>
      listen(socket, frame => {
        beBroker(socket, frame)
        if (frame.type === PUBLISH) socket.destroy()
      }),
    )
    const { link: made } = link(settings)
    await until('the link', () => made.isConnected())
    const began = performance.now()
    expect(await Promise.all([made.publish(TOPIC, 'x', 9000), made.publish(TOPIC, 'y', 9000)])).toEqual([false, false])
    expect(performance.now() - began).toBeLessThan(8000)
  })

  it('says no to a message that the broker does not take', async () => {
    const { settings } = await fakeServer(socket =>
      listen(socket, frame => {
        beBroker(socket, frame)
        if (frame.type === PUBLISH) ack(socket, frame, 0x97)
      }),
    )
    const { link: made } = link(settings)
    await until('the link', () => made.isConnected())
    expect(await made.publish(TOPIC, 'x', 9000)).toBe(false)
    expect(made.isConnected()).toBe(true)
  })

  it('stays up while a message is worked on for long, and acknowledges it then', async () => {
    const heard: number[] = []
    const { settings } = await fakeServer(socket =>
      listen(socket, frame => {
        heard.push(frame.type)
        beBroker(socket, frame, { keepaliveSec: 1 })
        if (frame.type === SUBSCRIBE) socket.write(publication(5, TOPIC, 'x'))
      }),
    )
    let finish: (() => void) | undefined
    const { told } = link(settings, {
      onMessage: () =>
        new Promise(resolve => {
          finish = resolve
        }),
    })
    const pings = () => heard.filter(type => type === PINGREQ).length
    // Each of them a second after the last: mqtt.js itself would have given up after the first.
    await until('four pings', () => pings() >= 4, PATIENCE)
    expect(heard).not.toContain(4)
    finish?.()
    await until('the acknowledgement', () => heard.includes(4))
    expect(told).toEqual([expect.stringMatching(/^connected/)])
  })

  it('acknowledges on the connection a message came by, and on no later one', async () => {
    const acks: number[] = []
    const { settings, sockets } = await fakeServer((socket, index) =>
      listen(socket, frame => {
        beBroker(socket, frame)
        if (frame.type === SUBSCRIBE && index === 0) socket.write(publication(5, TOPIC, 'x'))
        if (frame.type === 4) acks.push(index)
      }),
    )
    let finish: (() => void) | undefined
    const { link: made, told } = link(settings, {
      onMessage: () =>
        new Promise(resolve => {
          finish = resolve
        }),
    })
    await until('the message', () => finish)
    for (const socket of sockets) socket.destroy()
    await until('the loss', () => told.length === 2)
    await until('the link again', () => made.isConnected(), PATIENCE)
    finish?.()
    // Whatever it wrote stands before this.
    await made.publish(TOPIC, 'after', 100)
    expect(acks).toEqual([])
  })

  it('tries for ever, and its memory stays flat', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { settings, count } = await fakeServer(socket =>
      listen(socket, frame => {
        beBroker(socket, frame)
        if (frame.type === SUBSCRIBE) socket.destroy()
      }),
    )
    const { told } = link(settings)
    const rounds = async (until: number) => {
      while (count() < until) {
        await new Promise(resolve => setImmediate(resolve))
        vi.advanceTimersByTime(100)
      }
      collect()
      return process.memoryUsage().heapUsed
    }
    await rounds(200)
    const before = await rounds(400)
    const after = await rounds(1600)
    // A client of mqtt.js holds some 20 kB: 1200 of them would show.
    expect(after - before).toBeLessThan(4 << 20)
    expect(new Set(told).size).toBeLessThanOrEqual(2)
  })

  it('survives an end at any moment, twice', async () => {
    const { settings } = await fakeServer(socket => listen(socket, frame => beBroker(socket, frame)))
    for (let i = 0; i < 30; i++) {
      const { link: made, told } = link(settings)
      for (let turns = 0; turns < i; turns++) await new Promise(resolve => setImmediate(resolve))
      await Promise.all([made.end(), made.end()])
      const before = told.length
      expect(made.isConnected()).toBe(false)
      expect(await made.publish(TOPIC, 'x', 100)).toBe(false)
      expect(told).toHaveLength(before)
    }
  })
})
