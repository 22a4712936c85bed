/** Driving OpenCode. Source: 1.18.33 run against a loopback API. */
import { CodedError, EXIT } from '#lib/system/errors.ts'
import { findSession, isOpencodeId } from '../opencode-store.ts'
import { importEmptySession, lastLine, sessionIdFor } from './opencode-import.ts'
import { opencodeInput } from './opencode-input.ts'
import { aboutSession, messageMark, messagesAfter } from './opencode-record.ts'
import type { Driver, Launch, Wish } from './types.ts'

const PURGE_MS = 30_000

export const opencodeDriver: Driver = {
  name: 'opencode',
  programs: ['opencode'],
  homeVariables: ['HOME', 'XDG_DATA_HOME', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'XDG_CACHE_HOME'],

  start: wish => (wish.plain ? launch(wish) : resumed(sessionIdFor(wish), wish)),
  // It works in the session's folder, wherever it is started.
  resume: resumed,
  // The copy's id is made when it is first written to.
  fork: (id, wish) => launch(wish, ['--session', id, '--fork']),
  async prepare({ id }, wish, run) {
    // A resumed session is there already; to import it again would empty nothing, but is not ours to try.
    if (id === sessionIdFor(wish)) await importEmptySession(id, wish, run)
  },
  // An unknown id: exit 1 and the text below.
  resumeProof: 'stays',
  notFound: /Error: (?:Session not found|Invalid session ID)/,

  // Exit code 0, also while it works.
  leaveText: '/exit',
  // A paste is taken in slowly; 300 ms were always enough for 100 KB.
  enterGapMs: 300,
  asPrompt: opencodePrompt,
  input: opencodeInput,

  async recordMark(_look, id, context) {
    return id === undefined ? undefined : messageMark(id, context)
  },

  async messagesSince(mark, _look, id, context) {
    return id === undefined ? undefined : messagesAfter(mark, id, context)
  },

  about: (_look, id, screen, context) => aboutSession(id, screen, context),

  async purge(id, artifact, context, run) {
    if (!isOpencodeId(id)) throw new CodedError('purge', EXIT.refused, `"${id}" is no session id of OpenCode's`)
    // Its own command, which takes messages and parts along; a live program holds the database open.
    const { code, stdout, stderr } = await run(['session', 'delete', id], { timeoutMs: PURGE_MS })
    if (code !== 0)
      throw new CodedError('purge', EXIT.refused, `opencode session delete ${id}: ${lastLine(stderr || stdout)}`)
    if (findSession(id, { ...context }, false).state === 'present')
      throw new CodedError('purge', EXIT.refused, `opencode said that it deleted ${id}, and it is still there`)
    return [`${artifact.path ?? 'opencode.db'}: session ${id}`]
  },
}

function resumed(id: string, wish: Wish): Launch {
  return { ...launch(wish, ['--session', id]), id }
}

/** Without `--port` nothing listens. With it every user of the machine could have commands run (`POST /session/ID/shell`)
 * unless OPENCODE_SERVER_PASSWORD is set, which would have to get into the pane without being seen. State and record are to
 * be had from the screen and the database. */
function launch(wish: Wish, conversation: string[] = []): Launch {
  return {
    args: [
      ...conversation,
      ...(wish.model === undefined ? [] : ['--model', wish.model]),
      ...(wish.skipPermissions ? ['--auto'] : []),
    ],
  }
}

/** Behind `/` at the start and `@` at the end, Enter takes the best completion (`//x` ran `/exit`). */
function opencodePrompt(text: string): string {
  return `${text.startsWith('/') ? ' ' : ''}${text}${/@\S*$/.test(text) ? ' ' : ''}`
}
