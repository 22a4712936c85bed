import { stateFromScreen } from '#lib/agents/screen.ts'
import type { AgentContext, StateSight } from '#lib/agents/types.ts'
import type { Machine } from '#lib/system/machine.ts'
import { screenLines } from '#lib/tmux/ansi.ts'
import { type PaneSight, peekPane } from '#lib/tmux/peek.ts'
import type { DeliveryTarget, TargetLook } from './deliver-types.ts'
import { isInForeground } from './foreground.ts'

/** Looks at the pane and at the agent's process. `ask`: an agent that listens on loopback is asked for its state too. */
export async function lookAtTarget(machine: Machine, target: DeliveryTarget, ask = false): Promise<TargetLook> {
  const pane = await peekPane(machine.tmux, target.server, target.paneId)
  if (pane === 'unknown') return { kind: 'unknown', why: `tmux could not be asked about pane ${target.paneId}` }
  if (pane === 'gone') return { kind: 'lost', why: `pane ${target.paneId} is gone` }
  if (pane.serverPid !== target.serverPid) return { kind: 'lost', why: 'another tmux server has its place' }
  if (pane.dead) return { kind: 'lost', why: `pane ${target.paneId} is dead${endOf(pane)}` }
  if (pane.panePid !== target.panePid)
    return { kind: 'lost', why: `pane ${target.paneId} runs another process (${pane.panePid}, not ${target.panePid})` }
  const context = contextOf(machine)
  const absence = agentAbsence(target, context)
  if (absence) return absence
  const lines = screenLines(pane.screen)
  return {
    kind: 'seen',
    sight: { pane, lines, input: target.driver.input(lines), state: await stateOf(target, pane, lines, context, ask) },
  }
}

/** A context for one look: what its processes showed is kept no longer. */
export function contextOf(machine: Machine): AgentContext {
  return { env: machine.env, processes: machine.processes() }
}

/** The conversation it is in now by its own word; what the target says where it has none. */
export function conversationOf(target: DeliveryTarget, context: AgentContext): string | undefined {
  const sight = target.adapter.liveId(target.look, context)
  return sight.kind === 'id' ? sight.evidence.id : target.id
}

function endOf({ deadStatus, deadSignal }: PaneSight): string {
  if (deadStatus !== null) return ` (its program left with ${deadStatus})`
  return deadSignal === null ? '' : ` (its program was ended by signal ${deadSignal})`
}

function agentAbsence({ look, adapter }: DeliveryTarget, { processes }: AgentContext): TargetLook | undefined {
  const { pid, start } = look.agent.process
  const now = processes.look(pid)
  if (now.state === 'unknown') return { kind: 'unknown', why: `process ${pid} could not be looked at` }
  if (now.state === 'absent' || now.process.start !== start)
    return {
      kind: 'lost',
      why: `${adapter.name} (process ${pid}) has ended; what runs in the pane now is not the agent`,
    }
  // A shell that took the terminal back would run every line of the text.
  if (isInForeground(pid) === 'no')
    return {
      kind: 'lost',
      why: `${adapter.name} (process ${pid}) is stopped or in the background; its pane is another's`,
    }
  return undefined
}

/** A question on either is a question: the screen may lag, and so may the agent's own record. */
async function stateOf(
  target: DeliveryTarget,
  pane: PaneSight,
  lines: readonly { text: string }[],
  context: AgentContext,
  ask: boolean,
): Promise<StateSight | undefined> {
  const { adapter, look } = target
  const id = conversationOf(target, context)
  const own = adapter.state?.(look, pane.title, id, context)
  const shown = stateFromScreen(lines.map(line => line.text).join('\n'), adapter.screen)
  if (own?.state === 'waiting' || shown?.state === 'waiting') return own?.state === 'waiting' ? own : shown
  const said = own ?? (ask ? await adapter.askState?.(look, id) : undefined)
  // A title that says it rests is weak: others set titles too, and old ones stay.
  const isWeak = said === undefined || (said.state === 'idle' && said.source === 'title')
  return isWeak ? (shown ?? said) : said
}
