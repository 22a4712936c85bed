import type { RunningBroker } from './types.ts'

/** Starts the embedded broker on loopback. */
export async function startBroker(_options: { secretsFolder: string; port?: number }): Promise<RunningBroker> {
  throw new Error('not built yet')
}
