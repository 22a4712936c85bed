import { join } from 'node:path'
import type { Process } from '#lib/system/processes.ts'
import { realPath } from '#lib/system/real-path.ts'
import { claudeFolder, pidEntry } from './claude-pid-map.ts'
import { beganMs, isPrint, projectFolders, turnOf } from './claude-transcripts.ts'
import { hasLine, namesIn, statOf } from './files.ts'
import { isUuid } from './ids.ts'
import type { Adapter, AgentContext, IdSight, Look, Rivals } from './types.ts'

/** The id by exclusion: the one transcript of this folder that began since the agent started, and that no other agent on this
 * machine could own. More than one, or anybody else who could, is ambiguous. */
export function claudeCandidate(
  look: Look,
  rivals: Rivals,
  context: AgentContext,
  isAgent: Adapter['isAgent'],
): IdSight {
  if (!keepsItsFilesWhereWeLook(look, context)) return { kind: 'none' }
  const cwd = realPath(context.processes.cwd(look.agent.process.pid) ?? look.cwd)
  const startedAt = context.processes.startedAt(look.agent.process)
  if (startedAt === undefined) return { kind: 'none' }
  const sinceMs = Math.max(startedAt, look.sessionCreated) * 1000
  const written = projectFolders(cwd, context)
    .flatMap(folder => idsIn(folder, cwd, sinceMs))
    .filter(id => !rivals.takenIds.has(id))
  if (written.length === 0) return { kind: 'none' }
  const others = othersIn(cwd, look, context, isAgent)
  const candidates = written.filter(id => !others.ids.has(id))
  const [only] = candidates
  if (only === undefined) return { kind: 'none' }
  if (candidates.length > 1)
    return { kind: 'ambiguous', candidates, detail: `${candidates.length} transcripts in its folder` }
  if (rivals.sameFolder > 0 || others.count !== 0)
    return { kind: 'ambiguous', candidates, detail: 'other claude processes in the same folder' }
  return {
    kind: 'id',
    evidence: { id: only, source: 'single candidate', detail: `the only transcript of ${cwd} since` },
  }
}

/** An agent with a HOME or CLAUDE_CONFIG_DIR of its own leaves its pid map and transcripts elsewhere: then nothing here is
 * its own. Not to be told is no. */
function keepsItsFilesWhereWeLook(look: Look, context: AgentContext): boolean {
  const { processes } = context
  if (processes.environ === undefined) return true
  const env = processes.environ(look.agent.process.pid)
  return env !== undefined && claudeFolder(env) === claudeFolder(context.env)
}

/** A process start is known to about a second. */
const SLACK_MS = 2000

/** Conversations of a folder that began since (one that was only written to since may be of an agent that has left), hold a
 * turn, and say themselves that they belong to this cwd: two paths can share a folder. */
function idsIn(folder: string, cwd: string, sinceMs: number): string[] {
  const names = namesIn(folder)
  if (names === undefined || names === 'unknown') return []
  return names
    .filter(name => name.endsWith('.jsonl'))
    .map(name => name.slice(0, -'.jsonl'.length))
    .filter(id => {
      if (!isUuid(id)) return false
      const path = join(folder, `${id}.jsonl`)
      const stats = statOf(path)
      if (stats === undefined || stats === 'unknown' || !stats.isFile() || stats.mtimeMs < sinceMs) return false
      if (beganMs(path) < sinceMs - SLACK_MS) return false
      return hasLine(path, '"user"', line => isTurnHere(line, cwd)) === 'yes'
    })
}

function isTurnHere(line: string, cwd: string): boolean {
  const turn = turnOf(line)
  return turn?.['cwd'] === cwd && !isPrint(turn)
}

interface Others {
  /** Conversations they say are theirs. */
  ids: Set<string>
  /** How many could own a transcript here; -1 when the processes cannot be told. */
  count: number
}

/** Other live agents of this CLI in this folder: with tmux or without, found or not. One that says which conversation it
 * is in counts all the same: it may have left another behind with /clear. */
function othersIn(cwd: string, look: Look, context: AgentContext, isAgent: Adapter['isAgent']): Others {
  const agents = agentsOfMachine(context, isAgent)
  if (!agents) return { ids: new Set(), count: -1 }
  const own = new Set(look.agent.chain.map(shown => shown.process.pid))
  const others = agents.filter(agent => !own.has(agent.process.pid) && (agent.cwd ?? cwd) === cwd)
  const ids = others.flatMap(({ process }) => pidEntry(process, context)?.sessionId ?? [])
  return { ids: new Set(ids), count: others.length }
}

interface Located {
  process: Process
  /** Undefined when it may not be read: then it could be here. */
  cwd: string | undefined
}

/** Kept for one pass: the scan of all processes is the expensive call. */
const located = new WeakMap<AgentContext, Located[] | undefined>()

function agentsOfMachine(context: AgentContext, isAgent: Adapter['isAgent']): Located[] | undefined {
  if (!located.has(context)) {
    const { processes } = context
    const agents = processes.all()?.filter(process => isAgent(process, processes.argv(process.pid)))
    const inFolders = agents?.map(process => ({ process, cwd: processes.cwd(process.pid) }))
    // One that ended while we went through them all has no folder, and is nobody's rival.
    located.set(
      context,
      inFolders?.filter(({ process, cwd }) => cwd !== undefined || !processes.isGone(process.pid)),
    )
  }
  return located.get(context)
}
