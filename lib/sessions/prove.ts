import { CodedError, EXIT } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'
import { peekPane } from '#lib/tmux/peek.ts'
import { type AgentLook, lastWords, lookAtAgent } from './ready.ts'
import type { Up } from './up.ts'

/** How long an agent's own record may take to show the conversation after it is ready. */
const RECORD_MS = 10_000
const POLL_MS = 60

/** Sees to it that the agent is in this very conversation. CodedErrors `another-conversation`, `not-proved`: it must be
 * ended then. An agent that asks something first (trust) cannot prove it yet; its arguments have to do until it does. */
export async function proveConversation(machine: Machine, up: Up, id: string): Promise<'proved' | 'asks first'> {
  const { agent, ready } = up
  let seen: AgentLook = ready.seen
  const deadline = performance.now() + RECORD_MS
  for (;;) {
    const answer = answerOf(up, seen, id)
    if (answer === 'yes' || answer === 'asks first') return answer === 'yes' ? 'proved' : answer
    if (answer === 'no') throw another(up, seen, id)
    if (performance.now() > deadline) break
    await machine.sleep(POLL_MS)
    const pane = await peekPane(machine.tmux, agent.server, agent.paneId)
    if (pane === 'gone') break
    if (pane !== 'unknown') seen = await lookAtAgent(machine, agent, pane)
  }
  throw new CodedError(
    'not-proved',
    EXIT.refused,
    `${agent.adapter.name} came up, and nothing shows that it is in conversation ${id}; it was ended again. Its last lines:\n${lastWords(seen.screen)}`,
    'Try it by hand, or start a new conversation with --fresh.',
  )
}

function answerOf({ agent, ready }: Up, seen: AgentLook, id: string): 'yes' | 'no' | 'asks first' | undefined {
  const { driver } = agent
  if (driver.notFound?.test(seen.screen)) return 'no'
  const live = seen.id.kind === 'id' ? seen.id.evidence : undefined
  // What it was told at its start shows what was asked for, not what came up.
  const isRecord = live !== undefined && live.source !== 'launch id' && live.source !== 'single candidate'
  if (isRecord) return live.id === id ? 'yes' : 'no'
  // A wrapper of the user's may start it with other arguments than ours.
  if (live?.source === 'launch id' && live.id !== id) return 'no'
  // Codex, which looks at the lock itself.
  if (ready.kind === 'waiting' && ready.detail === 'open elsewhere') return 'no'
  if (ready.kind === 'waiting') return 'asks first'
  return driver.resumeProof === 'stays' ? 'yes' : undefined
}

function another({ agent }: Up, seen: AgentLook, id: string): CodedError {
  const live = seen.id.kind === 'id' && seen.id.evidence.id !== id ? ` (it is in ${seen.id.evidence.id})` : ''
  return new CodedError(
    'another-conversation',
    EXIT.refused,
    `${agent.adapter.name} did not go on with conversation ${id}${live}; it was ended again. Its last lines:\n${lastWords(seen.screen)}`,
    'The row is as before. --fresh starts a new conversation in its place.',
  )
}
