import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { secretsFolder } from '#lib/bus/broker-file.ts'
import type { BusConfig } from '#lib/bus/config-schema.ts'
import { type BusSettings, busSettings } from '#lib/bus/settings.ts'

/** What the workspace's config says of the bus. Most have none, and then nothing is loaded to read it. */
export async function busConfig(registryPath: string): Promise<BusConfig | undefined> {
  const path = join(dirname(registryPath), 'agent-sessions.config.yaml')
  if (!existsSync(path)) return undefined
  const { readConfig } = await import('#lib/agents/config.ts')
  return (await readConfig(path)).bus
}

/** The broker that is meant, by environment, config or the embedded one's file; undefined when there is none.
 * CodedErrors `bus-settings`, `config-broken`. */
export async function busOf(
  registryPath: string,
  env: Record<string, string | undefined>,
): Promise<BusSettings | undefined> {
  return busSettings({ env, config: await busConfig(registryPath), folder: secretsFolder(registryPath) })
}
