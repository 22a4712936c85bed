/** Gemini CLI. Sources: 0.61.0 run against a loopback API; google-gemini/gemini-cli, packages/cli/src/utils/windowTitle.ts. */
import { flagValue } from './arguments.ts'
import { launchedId, startedAt } from './evidence.ts'
import { chatsAfter, findChat, isGeminiId } from './gemini-chats.ts'
import { isUuid } from './ids.ts'
import { mark, toEnd, within } from './marks.ts'
import { recogniser } from './recognise.ts'
import type { Adapter, AgentState, ScreenMark } from './types.ts'

const SEEN = 'Gemini CLI 0.61.0, seen'

const screen: ScreenMark[] = [
  mark(
    'waiting',
    'permission prompt',
    `(?:Allow execution of|Apply this change\\?)${within(40)}1\\. Allow once${toEnd(14)}`,
    SEEN,
  ),
  mark('waiting', 'trust', `Do you trust the files in this folder\\?${within(12)}1\\. ${toEnd(12)}`, SEEN),
  mark(
    'waiting',
    'login',
    `(?:How would you like to authenticate for this project\\?|Waiting for authentication)${toEnd(20)}`,
    SEEN,
  ),
  mark('working', undefined, `\\(esc to cancel, \\d+[^\\n)]*\\)${toEnd(16)}`, SEEN),
  mark(
    'limited',
    'usage limit',
    `(?:Usage limit reached for|Access resets at)${toEnd(16)}`,
    'Gemini CLI 0.61.0, source',
  ),
  mark(
    'idle',
    undefined,
    // The hint, or the input line with a draft in it.
    `(?:Type your message or @path/to/file${toEnd(6)}|^─{20}${within(3)}\\n [>*!] ${toEnd(40)})`,
    SEEN,
  ),
]

export const gemini: Adapter = {
  name: 'gemini',
  idField: 'gemini_session_id_own',
  idWord: 'session',
  artifactWord: 'jsonl',
  isAgent: recogniser({
    programs: ['gemini'],
    scripts: ['gemini.js'],
    packages: ['@google/gemini-cli'],
    servers: ['mcp'],
  }),
  relaunches: true,

  liveId: (look, context) => launchedId(look, context, givenId, isGeminiId),

  artifact: (id, _cwd, context, want) => findChat(id, context, want?.turn !== false),

  laterIds: (look, id, context) => chatsAfter(id, startedAt(look, context), context),

  state(_look, title) {
    const sign = TITLES.find(([pattern]) => pattern.test(title))
    return (
      sign && { state: sign[1], source: 'title', ...(sign[1] === 'waiting' ? { detail: 'permission prompt' } : {}) }
    )
  },

  screen,
}

/** `◇  Ready` says nothing: it stands there too while it asks whether to trust the folder (0.61.0, seen). */
const TITLES: [RegExp, AgentState][] = [
  [/^✋ +Action Required/, 'waiting'],
  [/^[✦⏲] +\S/, 'working'],
]

/** `--resume` also takes `latest` and an index, which name no conversation. */
function givenId(argv: readonly string[]): string | undefined {
  const resumed = flagValue(argv, ['--resume', '-r'])
  return flagValue(argv, ['--session-id']) ?? (isUuid(resumed) ? resumed : undefined)
}
