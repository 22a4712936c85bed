/** A monitor's connection to the broker: the one that is configured, else an embedded one that it runs itself. */
import { createHash } from 'node:crypto'
import { connectBus } from '#lib/bus/client.ts'
import type { BusSettings } from '#lib/bus/settings.ts'
import { eventFilter } from '#lib/bus/topics.ts'
import type { BusLink, BusState } from '#lib/bus/types.ts'
import type { Bench } from '#lib/sessions/context.ts'
import type { Machine } from '#lib/system/machine.ts'
import { brokerOffice } from './broker-for.ts'
import { type Ingested, ingest } from './ingest.ts'
import type { JobsDoor } from './jobs-door.ts'

export interface Ear {
  /** What topics begin with; undefined without a broker. */
  prefix(): string | undefined
  isConnected(): boolean
  /** On the monotonic clock: the last message or connection. */
  heardAtMs(): number
  /** Messages that have arrived and wait for their turn. */
  behind(): number
  publish(topic: string, payload: string, timeoutMs: number): Promise<boolean>
  end(): Promise<void>
}

export interface EarListener {
  onState(state: BusState | 'embedded' | 'off', why: string): void
  onIngested(taken: Ingested): void
  /** What failed; it is tried again. */
  onTrouble(error: unknown): void
}

const AGAIN_MS = 1000
/** While there is no connection, the settings are looked at again: a password may have been changed, another embedded broker
 * may have come. */
const RECONSIDER_MS = 5000

/** Connects, and stays so until it is ended. Without any broker (switched off) it hears nothing. CodedErrors of the
 * settings as they are at the start. */
export async function listenToBus(
  machine: Machine,
  { registryPath }: Bench,
  folder: string,
  jobs: JobsDoor,
  listener: EarListener,
): Promise<Ear> {
  if (machine.env['AGENT_JOBS_MQTT_URL'] === 'off') {
    listener.onState('off', 'no broker: job files are looked at instead')
    return SILENT
  }
  const office = brokerOffice(registryPath, machine.env, url =>
    listener.onState('embedded', `broker for this workspace at ${url}`),
  )
  const who = idOf(machine, registryPath)
  let current: { settings: BusSettings; link: BusLink } | undefined
  let [isLeaving, isEnded, behind, heardAtMs] = [false, false, 0, performance.now()]

  /** Nothing is acknowledged that is not written: a full disk holds everything up, and loses nothing. */
  const written = async (take: () => Promise<Ingested>): Promise<Ingested | undefined> => {
    while (!isEnded)
      try {
        return await take()
      } catch (error) {
        listener.onTrouble(error)
        await machine.sleep(AGAIN_MS)
      }
    return undefined
  }
  const connect = (settings: BusSettings) => {
    const to = { folder, registryPath, settings, nowMs: machine.now, jobs }
    const state = `${settings.prefix}/monitors/${who}/state`
    const link = connectBus(settings, {
      clientId: `agent-sessions-${who}`,
      filter: eventFilter(settings.prefix),
      will: { topic: state, payload: wordOf('gone', machine) },
      async onMessage(topic, payload, about) {
        heardAtMs = performance.now()
        behind = about.behind
        const taken = await written(() => ingest(to, topic, payload, about.retain))
        if (taken) listener.onIngested(taken)
      },
      onState(now, why) {
        if (now === 'connected') {
          heardAtMs = performance.now()
          void link.publish(state, wordOf('watching', machine), AGAIN_MS)
        }
        listener.onState(now, now === 'connected' ? `${settings.url} (${settings.source})` : why)
      },
    })
    current = { settings, link }
  }
  const reconsider = async () => {
    if (current?.link.isConnected()) return
    const settings = await office.find()
    if (settings === undefined || isLeaving || JSON.stringify(settings) === JSON.stringify(current?.settings)) return
    await current?.link.end()
    if (!isLeaving) connect(settings)
  }
  await reconsider()
  let reconsidering: Promise<void> | undefined
  const timer = setInterval(() => {
    reconsidering ??= reconsider()
      .catch(listener.onTrouble)
      .finally(() => {
        reconsidering = undefined
      })
  }, RECONSIDER_MS)

  return {
    prefix: () => current?.settings.prefix,
    isConnected: () => current?.link.isConnected() ?? false,
    heardAtMs: () => heardAtMs,
    behind: () => behind,
    publish: async (topic, payload, timeoutMs) => (await current?.link.publish(topic, payload, timeoutMs)) ?? false,
    async end() {
      isLeaving = true
      clearInterval(timer)
      // It may be starting a broker this moment, which is to be closed.
      await reconsidering
      if (current?.link.isConnected()) {
        const state = `${current.settings.prefix}/monitors/${who}/state`
        await current.link.publish(state, wordOf('left', machine), AGAIN_MS)
      }
      await current?.link.end()
      // Not before: what still came is acknowledged when its work is over, and must have been written by then.
      isEnded = true
      await office.close()
    },
  }
}

/** The same at every start of a monitor for this registry on this host. */
function idOf(machine: Machine, registryPath: string): string {
  const text = `${machine.host ?? ''}\0${registryPath}`
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

function wordOf(state: string, machine: Machine): string {
  return JSON.stringify({ schema: 1, state, host: machine.host ?? null, pid: process.pid })
}

/** Without any broker. */
export const SILENT: Ear = {
  prefix: () => undefined,
  isConnected: () => false,
  heardAtMs: () => performance.now(),
  behind: () => 0,
  publish: async () => false,
  end: async () => undefined,
}
