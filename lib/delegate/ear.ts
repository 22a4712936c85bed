/** A monitor's connection to the broker: the one that is configured, else an embedded one that it runs itself. */
import { createHash } from 'node:crypto'
import { secretsFolder } from '#lib/bus/broker-file.ts'
import { connectBus } from '#lib/bus/client.ts'
import type { BusSettings } from '#lib/bus/settings.ts'
import { eventFilter } from '#lib/bus/topics.ts'
import type { BusLink, BusState, RunningBroker } from '#lib/bus/types.ts'
import type { Bench } from '#lib/sessions/context.ts'
import type { Machine } from '#lib/system/machine.ts'
import { busOf } from './bus-of.ts'
import { type Ingested, ingest } from './ingest.ts'
import type { JobsDoor } from './jobs-door.ts'

const AGAIN_MS = 1000

export interface Ear {
  prefix: string | undefined
  isConnected(): boolean
  heardAtMs(): number
  /** Messages that have arrived and wait for their turn. */
  behind(): number
  publish(topic: string, payload: string, timeoutMs: number): Promise<boolean>
  end(): Promise<void>
}

export interface EarListener {
  onState(state: BusState | 'embedded' | 'off', why: string): void
  onIngested(taken: Ingested): void
  /** It could not be written down; it is tried again until it can. */
  onTrouble(error: unknown): void
}

/** Connects, and stays so until it is ended. Without any broker (switched off) it hears nothing. CodedErrors of the
 * settings. */
export async function listenToBus(
  machine: Machine,
  { registryPath }: Bench,
  folder: string,
  jobs: JobsDoor,
  listener: EarListener,
): Promise<Ear> {
  const { settings, broker } = await brokerFor(machine, registryPath, listener)
  if (settings === undefined) {
    listener.onState('off', 'no broker: job files are looked at instead')
    return SILENT
  }
  const who = createHash('sha256')
    .update(`${machine.host ?? ''}\0${registryPath}`)
    .digest('hex')
    .slice(0, 16)
  const stateTopic = `${settings.prefix}/monitors/${who}/state`
  let heardAtMs = performance.now()
  const to = { folder, registryPath, settings, nowMs: machine.now, jobs }
  let isEnded = false
  let behind = 0
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
  const link: BusLink = connectBus(settings, {
    clientId: `agent-sessions-${who}`,
    filter: eventFilter(settings.prefix),
    will: { topic: stateTopic, payload: stateOf('gone', machine) },
    async onMessage(topic, payload, about) {
      heardAtMs = performance.now()
      behind = about.behind
      const taken = await written(() => ingest(to, topic, payload, about.retain))
      if (taken) listener.onIngested(taken)
    },
    onState(state, why) {
      if (state === 'connected') {
        heardAtMs = performance.now()
        void link.publish(stateTopic, stateOf('watching', machine), 5000)
      }
      listener.onState(state, state === 'connected' ? `${settings.url} (${settings.source})` : why)
    },
  })
  return {
    prefix: settings.prefix,
    isConnected: link.isConnected,
    heardAtMs: () => heardAtMs,
    behind: () => behind,
    publish: link.publish,
    async end() {
      isEnded = true
      if (link.isConnected()) await link.publish(stateTopic, stateOf('left', machine), 1000)
      await link.end()
      await broker?.close()
    },
  }
}

async function brokerFor(
  machine: Machine,
  registryPath: string,
  listener: EarListener,
): Promise<{ settings: BusSettings | undefined; broker?: RunningBroker }> {
  const settings = await busOf(registryPath, machine.env)
  if (settings !== undefined || machine.env['AGENT_JOBS_MQTT_URL'] === 'off') return { settings }
  const { startBroker } = await import('#lib/bus/broker.ts')
  const broker = await startBroker({ secretsFolder: secretsFolder(registryPath) })
  listener.onState('embedded', `broker for this workspace at ${broker.url}`)
  return { settings: await busOf(registryPath, machine.env), broker }
}

function stateOf(state: string, machine: Machine): string {
  return JSON.stringify({ schema: 1, state, host: machine.host ?? null, pid: process.pid })
}

/** Without any broker. */
export const SILENT: Ear = {
  prefix: undefined,
  isConnected: () => false,
  heardAtMs: () => performance.now(),
  behind: () => 0,
  publish: async () => false,
  end: async () => undefined,
}
