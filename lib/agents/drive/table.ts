/** How each agent we know is driven; only the one that is asked for is loaded. */
import type { Driver } from './types.ts'

const drivers: Record<string, () => Promise<Driver>> = {
  claude: async () => (await import('./claude.ts')).claudeDriver,
  agy: async () => (await import('./agy.ts')).agyDriver,
  codex: async () => (await import('./codex.ts')).codexDriver,
  gemini: async () => (await import('./gemini.ts')).geminiDriver,
  opencode: async () => (await import('./opencode.ts')).opencodeDriver,
}

/** The driver of this exact name; `custom` are those of the config. */
export async function driverNamed(name: string, custom: readonly Driver[] = []): Promise<Driver | undefined> {
  const load = Object.hasOwn(drivers, name) ? drivers[name] : undefined
  return load ? load() : custom.find(driver => driver.name === name)
}
