import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { connectBus } from '#lib/bus/client.ts'
import { publishOnce } from '#lib/bus/publish-once.ts'
import { type BusSettings, busSettings } from '#lib/bus/settings.ts'
import type { BusLink, BusOptions } from '#lib/bus/types.ts'
import { startEmbedded } from '../harness/broker.ts'
import { startMosquitto } from '../harness/mosquitto.ts'
import { until } from '../harness/until.ts'
import { makeWorld } from '../harness/world.ts'

const FILTER = 'python/mqtt/jobs/+/events'
const topic = (id: string) => `python/mqtt/jobs/${id}/events`

interface Broker {
  settings: BusSettings
  kill(): Promise<void>
  restart(): Promise<void>
}

async function start(kind: string): Promise<Broker> {
  if (kind === 'Mosquitto') {
    const broker = await startMosquitto()
    const settings = busSettings({ env: broker.env, config: undefined, folder: join(broker.folder, 'none') })
    return { settings: settings as BusSettings, kill: () => broker.kill(), restart: () => broker.start() }
  }
  const folder = join(makeWorld().root, 'secrets')
  let broker = await startEmbedded(folder)
  return {
    settings: busSettings({ env: {}, config: undefined, folder }) as BusSettings,
    kill: () => broker.kill(),
    async restart() {
      broker = await startEmbedded(folder)
    },
  }
}

interface Listener {
  link: BusLink
  states: string[]
  got: string[]
}

/** A link that ends with the test; gives it when it is connected. */
async function listen(settings: BusSettings, options: Partial<BusOptions> = {}): Promise<Listener> {
  const listener: Omit<Listener, 'link'> = { states: [], got: [] }
  const link = connectBus(settings, {
    clientId: 'monitor',
    filter: FILTER,
    onMessage: async (_topic, payload) => void listener.got.push(Buffer.from(payload).toString()),
    onState: state => void listener.states.push(state),
    ...options,
  })
  onTestFinished(() => link.end())
  await until('the link', () => link.isConnected())
  return { ...listener, link }
}

const send = async (settings: BusSettings, ...payloads: string[]) => {
  const messages = payloads.map(payload => ({ topic: topic('job-1'), payload }))
  expect(await publishOnce(settings, messages, 15_000)).toEqual({ acked: payloads.length })
}

describe.each(['Mosquitto', 'the embedded broker'])('a link to %s', kind => {
  it('brings messages one at a time, in order, each once', async () => {
    const { settings } = await start(kind)
    let [running, most] = [0, 0]
    const got: string[] = []
    await listen(settings, {
      async onMessage(at, payload, about) {
        most = Math.max(most, ++running)
        await new Promise(resolve => setTimeout(resolve, 5))
        got.push(`${at} ${Buffer.from(payload)} ${about.retain}`)
        running--
      },
    })
    const payloads = Array.from({ length: 30 }, (_, i) => `n${i}`)
    await send(settings, ...payloads)
    await until('all of them', () => got.length >= payloads.length)
    expect(got).toEqual(payloads.map(payload => `${topic('job-1')} ${payload} false`))
    expect(most).toBe(1)
  })

  it('acknowledges nothing before it was worked on: the next link gets it again', async () => {
    const { settings } = await start(kind)
    const begun: string[] = []
    const first = await listen(settings, {
      onMessage(_topic, payload) {
        begun.push(Buffer.from(payload).toString())
        return begun.length === 1 ? Promise.resolve() : new Promise(() => undefined)
      },
    })
    await send(settings, 'done', 'begun', 'waiting')
    await until('the second to begin', () => begun.length === 2)
    await first.link.end()
    const second = await listen(settings)
    await until('what was not done', () => second.got.length >= 2)
    await send(settings, 'last')
    await until('the last', () => second.got.includes('last'))
    expect(second.got).toEqual(['begun', 'waiting', 'last'])
    expect(begun).toEqual(['done', 'begun'])
  })

  it('gets what came while it was away', async () => {
    const { settings } = await start(kind)
    await (await listen(settings)).link.end()
    await send(settings, 'a', 'b')
    const { got, link } = await listen(settings)
    await until('both', () => got.length === 2)
    await link.end()
    const again = await listen(settings)
    await send(settings, 'c')
    await until('the third', () => again.got.includes('c'))
    expect([got, again.got]).toEqual([['a', 'b'], ['c']])
  })

  it('that wants nothing kept leaves nothing behind', async () => {
    const { settings } = await start(kind)
    await (await listen(settings, { sessionExpirySec: 0 })).link.end()
    await send(settings, 'a')
    const { got } = await listen(settings)
    await send(settings, 'b')
    await until('what came later', () => got.length > 0)
    expect(got).toEqual(['b'])
  })

  it('is not held back by a message whose work fails', async () => {
    const { settings } = await start(kind)
    const got: string[] = []
    const { link } = await listen(settings, {
      async onMessage(_topic, payload) {
        got.push(Buffer.from(payload).toString())
        throw new Error('cannot be worked on')
      },
    })
    await send(settings, 'a', 'b')
    await until('both', () => got.length === 2)
    await link.end()
    const again = await listen(settings)
    await send(settings, 'c')
    await until('the third', () => again.got.includes('c'))
    expect(again.got).toEqual(['c'])
  })

  it('publishes, also in the middle of a message', async () => {
    const { settings } = await start(kind)
    const answers: boolean[] = []
    const got: string[] = []
    const { link } = await listen(settings, {
      async onMessage(_topic, payload) {
        got.push(Buffer.from(payload).toString())
        if (got.length === 1) answers.push(await link.publish(topic('job-2'), 'answer', 15_000))
      },
    })
    await send(settings, 'question')
    await until('the answer', () => got.includes('answer'))
    const many = Array.from({ length: 60 }, (_, i) => link.publish(topic('job-3'), Buffer.from(`m${i}`), 15_000))
    expect(await Promise.all(many)).toEqual(many.map(() => true))
    expect(answers).toEqual([true])
    await until('all of them', () => got.length === 62)
    expect(got.slice(2)).toEqual(many.map((_, i) => `m${i}`))
  })

  it('comes back when the broker was killed, and tells each change once', async () => {
    const broker = await start(kind)
    const { link, states, got } = await listen(broker.settings)
    await broker.kill()
    await until('the loss', () => !link.isConnected())
    expect(await link.publish(topic('job-1'), 'x', 1000)).toBe(false)
    await broker.restart()
    await until('the link again', () => link.isConnected(), { timeoutMs: 15_000 })
    await send(broker.settings, 'after')
    await until('a message', () => got.includes('after'))
    expect(states).toEqual(['connected', 'lost', 'connected'])
  })

  it('with a wrong password is refused, and says so without it', async () => {
    const { settings } = await start(kind)
    const told: string[] = []
    const link = connectBus(
      { ...settings, password: 'secret-no' },
      {
        clientId: 'monitor',
        filter: FILTER,
        onMessage: async () => undefined,
        onState: (state, why) => void told.push(`${state}: ${why}`),
      },
    )
    await until('the refusal', () => told.length > 0)
    expect(told).toEqual([expect.stringMatching(/^refused: 127\.0\.0\.1:\d+ refused: .*user name/)])
    expect(told.join()).not.toContain('secret-no')
    await link.end()
  })
})
