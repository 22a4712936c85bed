import { flagValue } from './arguments.ts'
import type { AgentContext, IdSight, Look } from './types.ts'

/** An agent that starts this long after its session was not started with it: somebody left the first one and typed. */
const SAME_START_SEC = 300

/** The id given at launch: the flag the live process shows, else what the row recorded, as long as this process is the
 * one that was launched. */
export function launchedId(
  look: Look,
  context: AgentContext,
  fromArgv: (argv: readonly string[]) => string | undefined,
  isId: (id: string) => boolean,
): IdSight {
  for (const { process, argv } of look.agent.chain.toReversed()) {
    const id = fromArgv(argv)
    if (id !== undefined && isId(id))
      return { kind: 'id', evidence: { id, source: 'launch id', detail: `arguments of process ${process.pid}` } }
  }
  const { launchId } = look
  if (launchId === undefined || !isId(launchId) || !isLaunched(look, context)) return { kind: 'none' }
  return { kind: 'id', evidence: { id: launchId, source: 'launch id', detail: 'launch_session_id of the row' } }
}

/** The same for CLIs that take it behind one of these flags. */
export function flaggedId(flags: readonly string[]): (argv: readonly string[]) => string | undefined {
  return argv => flagValue(argv, flags)
}

/** Seconds since the epoch at which the agent's first process started; undefined when not known. */
export function startedAt(look: Look, context: AgentContext): number | undefined {
  return context.processes.startedAt((look.agent.chain[0] ?? look.agent).process)
}

/** Did this process come with its session? Where the times are not known, it is taken to. */
export function isLaunched(look: Look, context: AgentContext): boolean {
  const started = startedAt(look, context)
  return started === undefined || started - look.sessionCreated < SAME_START_SEC
}
