/** OpenCode. Source: 1.18.34 run against a loopback API. */
import { flagValue, hasFlag } from './arguments.ts'
import { launchedId, startedAt } from './evidence.ts'
import { LINE, mark, toEnd, within } from './marks.ts'
import { findSession, isOpencodeId, sessionsAfter } from './opencode-store.ts'
import { recogniser } from './recognise.ts'
import type { Adapter } from './types.ts'

const SEEN = 'OpenCode 1.18.34, seen'

export const opencode: Adapter = {
  name: 'opencode',
  idField: 'opencode_session_id_own',
  idWord: 'session',
  artifactWord: 'db',
  // npm's launcher runs the program as `.opencode` in some versions.
  isAgent: recogniser({
    programs: ['opencode', '.opencode'],
    packages: ['opencode-ai'],
    servers: ['serve', 'web', 'acp', 'run', 'auth'],
  }),

  // A fork of a conversation has a new id, which its arguments do not tell.
  liveId: (look, context) =>
    launchedId(
      look,
      context,
      argv => (hasFlag(argv, '--fork') ? undefined : flagValue(argv, ['--session', '-s'])),
      isOpencodeId,
    ),

  laterIds: (look, id, context) => sessionsAfter(id, startedAt(look, context), context),

  artifact: (id, _cwd, context, want) => findSession(id, context, want?.turn !== false),

  async askState(look, id) {
    const { stateFromApi } = await import('./opencode-api.ts')
    return stateFromApi(look, id)
  },

  screen: [
    mark(
      'waiting',
      'permission prompt',
      `△ +(?:Permission required|Always allow)${within(30)}(?:Reject|Cancel)${toEnd(8)}`,
      SEEN,
    ),
    // It goes on by itself, but not before the limit does.
    mark(
      'limited',
      'rate limit',
      `(?:[Ll]imit|[Qq]uota|Too Many Requests)[^\\n]{0,200}\\[retrying ${toEnd(6)}`,
      'OpenCode 1.18.33, seen',
    ),
    mark('working', undefined, `esc (?:again to )?interrupt${toEnd(6)}`, SEEN),
    mark(
      'idle',
      undefined,
      // Before the first prompt its input line stands in the middle of the screen, whatever its height is.
      `(?:(?:ctrl\\+p commands|Ask anything…)${toEnd(12)}|╹▀{10}${LINE}\\n${LINE}(?:ctrl\\+p commands)${toEnd(60)})`,
      SEEN,
    ),
  ],
}
