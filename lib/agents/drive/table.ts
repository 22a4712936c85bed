/** How each agent we know is driven. */
import { agyDriver } from './agy.ts'
import { claudeDriver } from './claude.ts'
import { codexDriver } from './codex.ts'
import { geminiDriver } from './gemini.ts'
import { opencodeDriver } from './opencode.ts'
import type { Driver } from './types.ts'

const drivers: readonly Driver[] = [claudeDriver, agyDriver, codexDriver, geminiDriver, opencodeDriver]

/** The driver of this exact name; `custom` are those of the config. */
export function driverNamed(name: string, custom: readonly Driver[] = []): Driver | undefined {
  return [...drivers, ...custom].find(driver => driver.name === name)
}
