/** A machine without processes but the one that is asked for. */
import type { AgentContext, Look } from '#lib/agents/types.ts'
import type { Process, Processes } from '#lib/system/processes.ts'

export const AGENT: Process = { pid: 25_047, ppid: 1, start: '239951', comm: 'agent' }
export const CONVERSATION = '33333333-3333-4333-8333-333333333333'

export const NO_PROCESSES: Processes = {
  look: pid => (pid === AGENT.pid ? { state: 'present', process: AGENT } : { state: 'absent' }),
  isGone: () => false,
  children: () => [],
  argv: () => [],
  openFiles: () => [],
  cwd: () => undefined,
  all: () => [],
  startedAt: () => 1_795_228_768,
}

/** What is looked at: an agent of this name that was launched in this folder. A new context each time: adapters keep what
 * they saw for one pass. */
export function lookIn(home: string, argv: readonly string[]): { look: Look; context: AgentContext } {
  const shown = { process: AGENT, argv: [...argv] }
  const look: Look = {
    agent: { ...shown, chain: [shown] },
    cwd: home,
    sessionCreated: 1_795_228_700,
    launchId: CONVERSATION,
    logFile: `${home}/agent.log`,
    hookFile: `${home}/agent.hook.json`,
    secretFile: `${home}/agent.secret`,
  }
  return { look, context: { env: { HOME: home }, processes: NO_PROCESSES } }
}
