import { findAgent } from '#lib/agents/find.ts'
import type { Adapter, AgentContext, Look } from '#lib/agents/types.ts'
import type { Machine } from '#lib/system/machine.ts'
import type { Process } from '#lib/system/processes.ts'

/** Which live process is in a conversation, in tmux or out of it; `unknown` when the processes cannot be looked at. */
export function holderOf(machine: Machine, adapter: Adapter, id: string): Process | 'nobody' | 'unknown' {
  const processes = machine.processes()
  const context: AgentContext = { env: machine.env, processes }
  const all = processes.all()
  if (all === undefined) return 'unknown'
  for (const process of all) {
    const isOne = adapter.isOnRecord?.(process, context) || adapter.isAgent(process, processes.argv(process.pid))
    if (!isOne) continue
    const found = findAgent(process.pid, [adapter], processes)
    if (found.kind !== 'found') continue
    const cwd = processes.cwd(process.pid) ?? '/'
    const look: Look = { agent: found.agent, cwd, sessionCreated: Math.floor(machine.now() / 1000) }
    const sight = adapter.liveId(look, context)
    if (sight.kind === 'id' && sight.evidence.id === id) return found.agent.process
    if (sight.kind === 'ambiguous' && sight.candidates.includes(id)) return found.agent.process
  }
  return 'nobody'
}
