import type { BusSettings } from './settings.ts'
import type { BusLink, BusOptions } from './types.ts'

/** A lasting connection to the broker: subscribes, and comes back for ever. Gives the link at once; `onState` tells. */
export function connectBus(_settings: BusSettings, _options: BusOptions): BusLink {
  throw new Error('not built yet')
}
