import { secretsFolder } from '#lib/bus/broker-file.ts'
import type { BusSettings } from '#lib/bus/settings.ts'
import type { RunningBroker } from '#lib/bus/types.ts'
import { isCodedError } from '#lib/system/errors.ts'
import { busOf } from './bus-of.ts'

export interface BrokerOffice {
  /** The broker that is meant now: the configured one, else one that runs here already, else a new embedded one. Undefined
   * while there is none to be had. CodedErrors of the settings. */
  find(): Promise<BusSettings | undefined>
  /** Ends the one that was started here. */
  close(): Promise<void>
}

/** @param onStart called when a broker was started here. */
export function brokerOffice(
  registryPath: string,
  env: Record<string, string | undefined>,
  onStart: (url: string) => void,
): BrokerOffice {
  let own: RunningBroker | undefined
  return {
    async find() {
      const settings = await busOf(registryPath, env)
      if (settings !== undefined || own !== undefined) return settings
      const { startBroker } = await import('#lib/bus/broker.ts')
      try {
        own = await startBroker({ secretsFolder: secretsFolder(registryPath) })
      } catch (error) {
        // Somebody starts one this moment: it is found the next time.
        if (!isCodedError(error) || error.code !== 'broker-runs') throw error
        return undefined
      }
      onStart(own.url)
      return busOf(registryPath, env)
    },
    async close() {
      await own?.close()
      own = undefined
    },
  }
}
