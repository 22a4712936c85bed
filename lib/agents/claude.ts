/** Claude Code. Sources: 2.1.197 and 2.1.329 run against a loopback API. */
import { flagValue, hasFlag } from './arguments.ts'
import { claudeCandidate } from './claude-candidate.ts'
import { pidEntry, pidEntryOf } from './claude-pid-map.ts'
import { claudeScreen } from './claude-screen.ts'
import { findTranscript, holdsTurn, lastApiError, transcriptsAfter } from './claude-transcripts.ts'
import { isLaunched, launchedId, startedAt } from './evidence.ts'
import { tailOf } from './files.ts'
import { isUuid } from './ids.ts'
import { recogniser } from './recognise.ts'
import type { Adapter, AgentContext, IdSight, Look, StateSight } from './types.ts'

const isAgent = recogniser({
  programs: ['claude'],
  packages: ['@anthropic-ai/claude-code'],
  // The native installer names the program after its version.
  path: /\/claude\/versions\/\d+\.\d+[^/]*$/,
  servers: ['mcp'],
})

/** Errors after which nothing comes until somebody waits or pays. Others leave the agent idle. */
const LIMITS = new Set(['rate_limit', 'billing_error', 'account_on_hold'])

export const claude: Adapter = {
  name: 'claude',
  idField: 'claude_session_id_own',
  idWord: 'session',
  artifactWord: 'jsonl',
  isAgent,
  isOnRecord: (process, context) => pidEntry(process, context) !== undefined,

  liveId(look, context) {
    const entry = pidEntryOf(look.agent, context)
    if (entry) return { kind: 'id', evidence: { id: entry.sessionId, source: 'pid map', detail: entry.path } }
    return hookedId(look, context) ?? launchedId(look, context, givenId, isUuid)
  },

  candidateId: (look, rivals, context) => claudeCandidate(look, rivals, context, isAgent),

  // Its pid map follows /clear; versions without one say nothing of it.
  laterIds: (look, id, context) =>
    pidEntryOf(look.agent, context) ? [] : transcriptsAfter(id, look.cwd, startedAt(look, context), context),

  artifact(id, cwd, context, want) {
    const { state, path } = findTranscript(id, cwd, context)
    const where = path === undefined ? {} : { path }
    if (state !== 'present' || path === undefined)
      return { state, turn: state === 'absent' ? 'no' : 'unknown', ...where }
    return { state, turn: want?.turn === false ? 'unknown' : holdsTurn(path), path }
  },

  state(look, _title, _id, context) {
    const entry = pidEntryOf(look.agent, context)
    switch (entry?.status) {
      case 'busy':
      case 'shell':
        return { state: 'working', source: 'pid map' }
      case 'waiting':
        return { state: 'waiting', ...(entry.waitingFor ? { detail: entry.waitingFor } : {}), source: 'pid map' }
      case 'idle': {
        const { path, state } = findTranscript(entry.sessionId, look.cwd, context)
        return idleState(state === 'present' && path !== undefined ? lastApiError(path) : undefined)
      }
      default:
        return undefined
    }
  },

  screen: claudeScreen,
}

/** What the SessionStart hook of this launch was told last; it follows /clear, also in versions without a pid map. */
function hookedId(look: Look, context: AgentContext): IdSight | undefined {
  if (look.hookFile === undefined || !isLaunched(look, context)) return undefined
  const told = [...(tailOf(look.hookFile) ?? '').matchAll(/"session_id"\s*:\s*"([0-9a-f-]{36})"/g)].at(-1)?.[1]
  if (!isUuid(told)) return undefined
  return { kind: 'id', evidence: { id: told, source: 'hook record', detail: look.hookFile } }
}

function idleState(error: string | undefined): StateSight {
  if (error === undefined) return { state: 'idle', source: 'pid map' }
  return { state: LIMITS.has(error) ? 'limited' : 'idle', detail: error, source: 'transcript' }
}

/** The id its flags name. A fork of a conversation has a new one, which only --session-id can name. */
function givenId(argv: readonly string[]): string | undefined {
  const chosen = flagValue(argv, ['--session-id'])
  if (chosen !== undefined || hasFlag(argv, '--fork-session')) return chosen
  return flagValue(argv, ['--resume', '-r'])
}
