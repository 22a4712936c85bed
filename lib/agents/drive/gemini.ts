/** Driving Gemini CLI. Source: 0.61.0 run against a loopback API. */
import type { AgentContext, Look } from '../types.ts'
import { geminiInput } from './gemini-input.ts'
import { chatMark, chatMessages } from './gemini-record.ts'
import type { Driver, Wish } from './types.ts'

export const geminiDriver: Driver = {
  name: 'gemini',
  programs: ['gemini'],
  // packages/core/src/utils/paths.ts: it stands for the home itself.
  homeVariables: ['HOME', 'GEMINI_CLI_HOME'],
  start: wish =>
    wish.plain ? { args: flags(wish) } : { args: ['--session-id', wish.newId, ...flags(wish)], id: wish.newId },
  resume: (id, wish) => ({ args: ['--resume', id, ...flags(wish)], id }),
  // yargs, which reads its command line, in versions that choose the id themselves.
  unknownFlag: /Unknown arguments?: .*session-?id/i,
  resumeProof: 'stays',
  notFound: /Error resuming session: Invalid session identifier|No previous sessions found for this project/,
  trustChoice: /^Trust folder \(/,
  choiceMark: /●/,
  leaveText: '/quit',
  // InputPrompt.tsx takes Enter within 40 ms after a paste for a line break.
  enterGapMs: 120,
  input: geminiInput,

  async recordMark(_look: Look, id: string | undefined, context: AgentContext) {
    return id === undefined ? undefined : chatMark(id, context)
  },

  async messagesSince(mark, _look, id, context) {
    return id === undefined ? undefined : chatMessages(mark, id, context)
  },
}

function flags(wish: Wish): string[] {
  return [
    ...(wish.model === undefined ? [] : ['--model', wish.model]),
    ...(wish.skipPermissions ? ['--approval-mode', 'yolo'] : []),
  ]
}
