/** Driving Gemini CLI. Source: 0.61.0 run against a loopback API. */
import { join } from 'node:path'
import { asObject, smallFile } from '../files.ts'
import { aboutGemini } from './gemini-about.ts'
import { geminiInput } from './gemini-input.ts'
import { geminiPrompt } from './gemini-prompt.ts'
import { purgeChat } from './gemini-purge.ts'
import { chatMark, chatMessages } from './gemini-record.ts'
import type { Driver, Wish } from './types.ts'

export const geminiDriver: Driver = {
  name: 'gemini',
  programs: ['gemini'],
  // packages/core/src/utils/paths.ts: the second stands for the home itself.
  homeVariables: ['HOME', 'GEMINI_CLI_HOME'],

  start: wish =>
    wish.plain ? { args: flags(wish) } : { args: ['--session-id', wish.newId, ...flags(wish)], id: wish.newId },
  // Looked for among the conversations of the project it is started in; of another folder it is refused.
  resume: (id, wish) => ({ args: ['--resume', id, ...flags(wish)], id }),
  // yargs names what it does not know, below the usage (`Unknown arguments: session-id, sessionId`).
  unknownFlag: /Unknown arguments?:[^\n]*session-?id/i,
  // An unknown id: exit 42 and the text below.
  resumeProof: 'stays',
  caveat: retentionCaveat,
  notFound: /Error resuming session: (?:Invalid session identifier|No previous sessions found for this project)/,

  // Its input line, with `◇  Ready`, is there for 0.3 s before it asks whether the folder is trusted.
  settleMs: 1000,
  // `● 1. Trust folder (fresh)` is marked at first; Enter takes it, and it starts itself again.
  trustChoice: /^Trust folder \(/,
  choiceMark: /●/,
  // Exit code 0, also while it works.
  leaveText: '/quit',
  // InputPrompt.tsx takes Enter within 40 ms after a paste for a line break.
  enterGapMs: 120,
  asPrompt: geminiPrompt,
  input: geminiInput,

  async recordMark(_look, id, context) {
    return id === undefined ? undefined : chatMark(id, context)
  },

  async messagesSince(mark, _look, id, context) {
    return id === undefined ? undefined : chatMessages(mark, id, context)
  },

  about: (_look, id, screen, context) => aboutGemini(id, screen, context),

  purge: async (id, _artifact, context) => purgeChat(id, context),
}

function flags(wish: Wish): string[] {
  return [
    ...(wish.model === undefined ? [] : ['--model', wish.model]),
    ...(wish.skipPermissions ? ['--approval-mode', 'yolo'] : []),
  ]
}

/** 0.61.0 (run): a gemini that starts in a project removes conversations of others there, also live ones, unless its user
 * has switched that off. */
function retentionCaveat(env: Record<string, string | undefined>): string | undefined {
  const home = env['GEMINI_CLI_HOME'] || env['HOME']
  const settings = home === undefined ? undefined : asObject(smallFile(join(home, '.gemini', 'settings.json')) ?? '')
  const general = settings?.['general'] as { sessionRetention?: { enabled?: unknown } } | undefined
  if (general?.sessionRetention?.enabled === false) return undefined
  return 'Gemini CLI itself removes conversations when another gemini starts in the same project; "general": {"sessionRetention": {"enabled": false}} in ~/.gemini/settings.json keeps them'
}
