/** `<config>/sessions/<pid>.json`: what every interactive Claude Code says of itself while it runs (seen on 2.1.197 and
 * 2.1.329): its conversation, which follows /clear, and its state. Read by hand: a schema library would cost more start-up
 * time than the whole look at ten agents. */
import { isAbsolute, join } from 'node:path'
import type { Process, Processes } from '#lib/system/processes.ts'
import { asObject, smallFile } from './files.ts'
import { isUuid } from './ids.ts'
import type { AgentContext, FoundAgent } from './types.ts'

export interface PidEntry {
  path: string
  sessionId: string
  /** `idle`, `busy`, `shell`, `waiting`. */
  status?: string
  waitingFor?: string
}

/** Claude Code's folder; undefined when nobody says where it is. */
export function claudeFolder(env: AgentContext['env']): string | undefined {
  const folder = env['CLAUDE_CONFIG_DIR'] || (env['HOME'] && join(env['HOME'], '.claude'))
  return folder && isAbsolute(folder) ? folder : undefined
}

/** The entry of the agent's own process; the launcher has none. */
export function pidEntryOf(agent: FoundAgent, context: AgentContext): PidEntry | undefined {
  for (let at = agent.chain.length - 1; at >= 0; at--) {
    const shown = agent.chain[at]
    const entry = shown && pidEntry(shown.process, context)
    if (entry) return entry
  }
  return undefined
}

/** Kept for one pass: recognising an agent and asking for its conversation read the same file. */
const entries = new WeakMap<AgentContext, Map<number, PidEntry | undefined>>()

/** What a process says of itself. A file left behind by a killed one is not believed: it names another start. */
export function pidEntry(process: Process, context: AgentContext): PidEntry | undefined {
  const known = entries.get(context) ?? new Map<number, PidEntry | undefined>()
  entries.set(context, known)
  if (!known.has(process.pid)) known.set(process.pid, readEntry(process, context))
  return known.get(process.pid)
}

function readEntry(process: Process, context: AgentContext): PidEntry | undefined {
  const folder = claudeFolder(context.env)
  if (folder === undefined) return undefined
  const path = `${folder}/sessions/${process.pid}.json`
  const text = smallFile(path)
  const entry = text === undefined ? undefined : asObject(text)
  if (!entry || entry['pid'] !== process.pid || !isSameStart(entry['procStart'], process, context.processes))
    return undefined
  const { sessionId, status, waitingFor } = entry
  if (!isUuid(sessionId)) return undefined
  return {
    path,
    sessionId,
    ...(typeof status === 'string' ? { status } : {}),
    ...(typeof waitingFor === 'string' ? { waitingFor: waitingFor.slice(0, 100) } : {}),
  }
}

function isSameStart(said: unknown, process: Process, processes: Processes): boolean {
  if (typeof said !== 'string' || said === '') return false
  if (said === process.start) return true
  // Linux says ticks. Elsewhere it is a date, in whose time zone and order of words nobody promised.
  if (/^\d+$/.test(said)) return false
  const startedAt = processes.startedAt(process)
  if (startedAt === undefined) return false
  return [said, `${said} UTC`].some(text => Math.abs(Date.parse(text) / 1000 - startedAt) < 1)
}
