/** A link, and all that it told and brought. */
import { onTestFinished } from 'vitest'
import { connectBus } from '#lib/bus/client.ts'
import type { BusSettings } from '#lib/bus/settings.ts'
import type { BusLink, BusOptions } from '#lib/bus/types.ts'
import { until } from '../harness/until.ts'

export const FILTER = 'python/mqtt/jobs/+/events'
export const TOPIC = 'python/mqtt/jobs/job-1/events'

export interface Told {
  link: BusLink
  told: string[]
  got: string[]
}

/** It ends with the test. */
export function link(settings: BusSettings, options: Partial<BusOptions> = {}): Told {
  const [told, got]: [string[], string[]] = [[], []]
  const made = connectBus(settings, {
    clientId: 'monitor',
    filter: FILTER,
    onMessage: async (_topic, payload) => void got.push(Buffer.from(payload).toString()),
    onState: (state, why) => void told.push(`${state}: ${why}`),
    ...options,
  })
  onTestFinished(() => made.end())
  return { link: made, told, got }
}

/** The first thing it tells. */
export const first = (told: string[], timeoutMs = 15_000) => until('a word', () => told[0], { timeoutMs })
