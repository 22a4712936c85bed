import type { Process, Processes } from '#lib/system/processes.ts'
import { isInterpreter, programName } from './arguments.ts'
import type { Adapter, FoundAgent, ShownProcess } from './types.ts'

/** What runs under a pane. `unknown`: we could not look, or gave up in a tree too large. */
export type AgentAnswer =
  | { kind: 'found'; adapter: Adapter; agent: FoundAgent }
  | { kind: 'ambiguous'; pids: number[] }
  | { kind: 'none' }
  | { kind: 'unknown' }

const MAX_DEPTH = 12
const MAX_PROCESSES = 512
/** codex.js → codex, bun wrapper → program: no launcher is known that takes more. */
const MAX_RELAUNCHES = 2

/** The nearest agent at or below the pane's process. What runs below it (a claude started by claude's own shell tool) is
 * its business. Two at equal depth are ambiguous. A pane whose process is the agent costs two reads, or none but its
 * record where `onRecord` knows the process. */
export function findAgent(
  panePid: number,
  adapters: readonly Adapter[],
  processes: Processes,
  onRecord?: (process: Process) => Adapter | undefined,
): AgentAnswer {
  const top = processes.look(panePid)
  if (top.state !== 'present') return { kind: top.state === 'absent' ? 'none' : 'unknown' }
  const recorded = onRecord?.(top.process)
  if (recorded) return { kind: 'found', adapter: recorded, agent: onItsOwn(top.process, processes) }
  let level: Process[] = [top.process]
  for (let depth = 0, seen = 0; level.length > 0; depth++) {
    seen += level.length
    if (depth > MAX_DEPTH || seen > MAX_PROCESSES) return { kind: 'unknown' }
    const matches: { adapter: Adapter; shown: ShownProcess }[] = []
    for (const process of level) {
      const shown = { process, argv: processes.argv(process.pid) }
      const adapter = adapters.find(candidate => candidate.isAgent(process, shown.argv))
      if (adapter) matches.push({ adapter, shown })
    }
    const [first] = matches
    if (first && matches.length === 1) {
      const chain = relaunchesFrom(first.shown, first.adapter, processes)
      return { kind: 'found', adapter: first.adapter, agent: { ...(chain.at(-1) ?? first.shown), chain } }
    }
    if (first) return { kind: 'ambiguous', pids: matches.map(match => match.shown.process.pid) }
    level = level.flatMap(process => processes.children(process.pid))
  }
  return { kind: 'none' }
}

/** An agent known without its arguments: they are read when somebody asks for them. */
function onItsOwn(process: Process, processes: Processes): FoundAgent {
  const shown: ShownProcess = {
    process,
    get argv() {
      return processes.argv(process.pid)
    },
  }
  return Object.defineProperty({ process, argv: [], chain: [shown] }, 'argv', { get: () => shown.argv })
}

/** A launcher, and what it started as itself: only a direct child and only the single one, because an agent may well
 * start others of its kind. */
function relaunchesFrom(first: ShownProcess, adapter: Adapter, processes: Processes): ShownProcess[] {
  const chain = [first]
  const most = adapter.relaunches ? 1 : MAX_RELAUNCHES
  for (let last = first; chain.length <= most; ) {
    if (!adapter.relaunches && !isInterpreter(programName(last.argv[0]))) break
    const next = processes
      .children(last.process.pid)
      .map(process => ({ process, argv: processes.argv(process.pid) }))
      .filter(({ process, argv }) => adapter.isAgent(process, argv))
    const [only] = next
    if (!only || next.length > 1) break
    chain.push(only)
    last = only
  }
  return chain
}
