import type { Machine } from '#lib/system/machine.ts'
import type { PaneSight } from '#lib/tmux/peek.ts'
import { answerQuestion } from './answer.ts'
import type { StartedAgent } from './ready.ts'

/** Answers the question whether the folder is trusted, and no other: reads which choice is marked, moves to the one that
 * trusts, looks again, and only then presses Enter. True when the question is gone. */
export async function trustIfAsked(
  machine: Machine,
  agent: StartedAgent,
  detail: string,
  pane: PaneSight,
): Promise<boolean> {
  const { trustChoice, choiceMark } = agent.driver
  if (detail !== 'trust' || trustChoice === undefined || choiceMark === undefined) return false
  const guard = {
    server: agent.server,
    paneId: pane ? agent.paneId : '',
    panePid: agent.panePid,
    serverPid: agent.serverPid,
  }
  const answer = await answerQuestion(machine, guard, trustChoice, choiceMark, 5000)
  return answer === 'answered'
}
