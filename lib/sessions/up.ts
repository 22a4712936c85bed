/** An agent that a start has brought up, and taking it down again. */
import type { Launch, Wish } from '#lib/agents/drive/types.ts'
import type { AgentState } from '#lib/agents/types.ts'
import { CodedError, EXIT, isCodedError } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'
import type { Started } from '#lib/tmux/start.ts'
import { endSession } from './end.ts'
import { removeLaunchFiles } from './launch-files.ts'
import type { Ready, StartedAgent } from './ready.ts'

export interface Up {
  /** What this start got of its own. */
  wish: Wish
  launch: Launch
  started: Started
  agent: StartedAgent
  ready: Extract<Ready, { kind: 'ready' | 'waiting' }>
}

/** The conversation it is in: what it shows itself, else what it was told at its start. */
export function conversationOf({ ready, launch }: Up): string | undefined {
  return ready.seen.id.kind === 'id' ? ready.seen.id.evidence.id : launch.id
}

export function stateOf({ ready }: Up): { state: AgentState; detail: string | null } {
  if (ready.kind === 'waiting') return { state: 'waiting', detail: ready.detail }
  return { state: ready.seen.state?.state ?? 'unknown', detail: ready.seen.state?.detail ?? null }
}

/** Ends what came up and is not kept, with the files of its start. Where tmux was silent nobody can tell: all of it stays
 * for the next pass. CodedError `tmux-silent` of `takeDown`. */
export async function abandon(machine: Machine, { wish, agent, started }: Up, cause: unknown): Promise<void> {
  if (isSilent(cause)) return
  await takeDown(machine, agent.server, started)
  removeLaunchFiles(wish)
}

/** Ends a session that we started a moment ago. CodedError `tmux-silent` when nobody can tell whether it ended. */
export async function takeDown(machine: Machine, server: string, started: Started): Promise<void> {
  const { serverPid, sessionId, paneId } = started
  const { ended } = await endSession(machine, { server, serverPid, sessionId, paneId }, 5000)
  if (ended === 'unknown') throw silent(server, 'it did not come up as it should, and could not be ended')
}

export function silent(server: string, why: string): CodedError {
  return new CodedError(
    'tmux-silent',
    EXIT.unknown,
    `tmux server ${server} gave no sure answer (${why}): the session may run`,
    '`agent-sessions reconcile` records what is there once the server answers.',
  )
}

/** May what was started run all the same? */
export function isSilent(cause: unknown): boolean {
  return isCodedError(cause) && cause.code === 'tmux-silent'
}
