/** The agents we know. A new one is one file of its own and a line here. */
import { agy } from './agy.ts'
import { claude } from './claude.ts'
import { codex } from './codex.ts'
import { gemini } from './gemini.ts'
import { opencode } from './opencode.ts'
import type { Adapter, ShownProcess } from './types.ts'

export const adapters: Adapter[] = [claude, agy, codex, gemini, opencode]

export const agentNames: readonly string[] = adapters.map(adapter => adapter.name)

/** The adapter of this exact name; `custom` are those of the config. */
export function adapterNamed(name: string, custom: readonly Adapter[] = []): Adapter | undefined {
  return [...adapters, ...custom].find(adapter => adapter.name === name)
}

/** The adapter whose agent this process is. */
export function adapterOfProcess(
  { process, argv }: ShownProcess,
  custom: readonly Adapter[] = [],
): Adapter | undefined {
  return [...adapters, ...custom].find(adapter => adapter.isAgent(process, argv))
}
