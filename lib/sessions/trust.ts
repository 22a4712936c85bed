import type { Machine } from '#lib/system/machine.ts'
import { answerQuestion } from './answer.ts'
import type { StartedAgent } from './ready.ts'

/** Answers the question whether the folder is trusted, and no other: reads which choice is marked, moves to the one that
 * trusts, looks again, and only then presses Enter. True when it was answered: whether it has gone, the next look at the
 * agent tells (one leaves the answered question on its screen). */
export async function trustIfAsked(machine: Machine, agent: StartedAgent, detail: string): Promise<boolean> {
  const { trustChoice, choiceMark } = agent.driver
  if (detail !== 'trust' || trustChoice === undefined || choiceMark === undefined) return false
  const answer = await answerQuestion(machine, agent, trustChoice, choiceMark, 5000)
  return answer === 'answered' || answer === 'still there'
}
