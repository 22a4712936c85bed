import { join } from 'node:path'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { connectBus } from '#lib/bus/client.ts'
import { publishOnce } from '#lib/bus/publish-once.ts'
import { type BusSettings, busSettings } from '#lib/bus/settings.ts'
import { startEmbedded } from '../harness/broker.ts'
import { freePort, startMosquitto } from '../harness/mosquitto.ts'
import { until } from '../harness/until.ts'
import { makeWorld } from '../harness/world.ts'
import { bundleWorker, ownFolder, type Running, start } from '../system/workers.ts'
import { at, fakeServer } from './fake-broker.ts'

const folder = ownFolder()
let worker: string
beforeAll(() => {
  worker = bundleWorker(join(import.meta.dirname, 'link-worker.ts'), folder.path)
})

const FILTER = 'python/mqtt/jobs/+/events'
const listener = (settings: BusSettings, more: object = {}): Running => {
  const options = { settings, clientId: 'monitor', filter: FILTER, hold: [], ...more }
  const running = start(process.execPath, [worker, JSON.stringify(options)])
  onTestFinished(() => void running.child.kill('SIGKILL'))
  return running
}
const lines = (running: Running) => running.out().split('\n').filter(Boolean)
const says = (running: Running, line: string, timeoutMs = 10_000) =>
  until(line, () => lines(running).includes(line), { timeoutMs })
const kill = async (running: Running) => {
  running.child.kill('SIGKILL')
  await running.ended
}
const send = (settings: BusSettings, ...payloads: string[]) =>
  publishOnce(
    settings,
    payloads.map(payload => ({ topic: 'python/mqtt/jobs/job-1/events', payload })),
    15_000,
  )

const mosquittoSettings = (env: Record<string, string>) =>
  busSettings({ env, config: undefined, folder: '/nowhere' }) as BusSettings

describe('a monitor that is killed', () => {
  it('in the middle of a message loses nothing: Mosquitto sends that one and those behind it again', async () => {
    const settings = mosquittoSettings((await startMosquitto()).env)
    const first = listener(settings, { hold: ['b'] })
    await says(first, 'connected')
    expect(await send(settings, 'a', 'b', 'c')).toEqual({ acked: 3 })
    await says(first, 'got b')
    await kill(first)
    expect(await send(settings, 'd')).toEqual({ acked: 1 })
    const second = listener(settings)
    await says(second, 'done d')
    expect(lines(second).filter(line => line.startsWith('done'))).toEqual(['done b', 'done c', 'done d'])
  })

  it('together with Mosquitto loses nothing either', async () => {
    const broker = await startMosquitto()
    const settings = mosquittoSettings(broker.env)
    const first = listener(settings, { hold: ['a'] })
    await says(first, 'connected')
    expect(await send(settings, 'a', 'b')).toEqual({ acked: 2 })
    await says(first, 'got a')
    await broker.save()
    await broker.kill()
    await kill(first)
    await broker.start()
    const second = listener(settings)
    await says(second, 'done b')
    expect(lines(second).filter(line => line !== 'connected')).toEqual(['got a', 'done a', 'got b', 'done b'])
  })

  it('has its will published, and one that leaves has not', async () => {
    const world = makeWorld()
    await startEmbedded(join(world.root, 'secrets'))
    const embedded = busSettings({ env: {}, config: undefined, folder: join(world.root, 'secrets') }) as BusSettings
    for (const settings of [embedded, mosquittoSettings((await startMosquitto()).env)]) {
      const got: string[] = []
      const link = connectBus(settings, {
        clientId: 'watcher',
        filter: FILTER,
        onMessage: async (_topic, payload) => void got.push(Buffer.from(payload).toString()),
        onState: () => undefined,
      })
      onTestFinished(() => link.end())
      await until('the watcher', () => link.isConnected())
      const topic = 'python/mqtt/jobs/job-9/events'
      for (const name of ['polite', 'rude']) {
        const one = listener(settings, { clientId: name, filter: 'none/+/events', will: { topic, payload: name } })
        await says(one, 'connected')
        if (name === 'rude') await kill(one)
        one.child.stdin?.end()
        await one.ended
      }
      await until('the will', () => got.length > 0)
      expect(got).toEqual(['rude'])
    }
  })
})

describe('a process that ends its link', () => {
  it.each<[string, () => Promise<BusSettings>, string]>([
    ['is connected', async () => mosquittoSettings((await startMosquitto()).env), 'connected'],
    ['waits for its next try', async () => at(await freePort()), 'lost'],
    ['waits for an answer', async () => (await fakeServer(() => undefined)).settings, ''],
  ])('is held up by nothing when it %s', async (_what, settings, state) => {
    const to = await settings()
    const took: number[] = []
    // The machine may hold one of them up, and not all.
    for (let n = 0; n < 3; n++) {
      const running = listener(to)
      if (state) await says(running, state)
      const began = performance.now()
      running.child.stdin?.end()
      expect(await running.ended).toMatchObject({ code: 0 })
      took.push(performance.now() - began)
      expect(lines(running).at(-1)).toBe('ended')
    }
    expect(Math.min(...took)).toBeLessThan(state ? 1500 : 2500)
  })
})
