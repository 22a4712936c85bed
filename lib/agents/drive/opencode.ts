/** Driving OpenCode. Source: 1.18.33 run against a loopback API. */
import { CodedError, EXIT } from '#lib/system/errors.ts'
import { findSession, isOpencodeId } from '../opencode-store.ts'
import { importEmptySession, lastLine, sessionIdFor } from './opencode-import.ts'
import { opencodeInput } from './opencode-input.ts'
import { aboutSession, messageMark, messagesAfter } from './opencode-record.ts'
import { keepPassword, serverEnvironment } from './opencode-secret.ts'
import type { Driver, Launch, Wish } from './types.ts'

const PURGE_MS = 30_000
const LIST = '`opencode session list` shows what is there; `opencode session delete ID` says why it will not go.'

export const opencodeDriver: Driver = {
  name: 'opencode',
  programs: ['opencode'],
  homeVariables: ['HOME', 'XDG_DATA_HOME', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'XDG_CACHE_HOME'],

  start: wish => (wish.plain ? launch(wish) : resumed(sessionIdFor(wish), wish)),
  // It works in the session's folder, wherever it is started.
  resume: resumed,
  // The copy's id is made when it is first written to.
  fork: (id, wish) => launch(wish, ['--session', id, '--fork']),
  async prepare(launch, wish, run) {
    // A resumed session is there already; to import it again would empty nothing, but is not ours to try.
    if (launch.id === sessionIdFor(wish)) await importEmptySession(launch.id, wish, run)
    keepPassword(launch)
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
    if (!isOpencodeId(id)) throw new CodedError('purge', EXIT.refused, `"${id}" is no session id of OpenCode's`, LIST)
    // Its own command, which takes messages and parts along; a live program holds the database open.
    const { code, stdout, stderr } = await run(['session', 'delete', id], { timeoutMs: PURGE_MS })
    if (code !== 0)
      throw new CodedError('purge', EXIT.refused, `opencode session delete ${id}: ${lastLine(stderr || stdout)}`, LIST)
    if (findSession(id, { ...context }, false).state === 'present')
      throw new CodedError('purge', EXIT.refused, `opencode said that it deleted ${id}, and it is still there`, LIST)
    return [`${artifact.path ?? 'opencode.db'}: session ${id}`]
  },
}

function resumed(id: string, wish: Wish): Launch {
  return { ...launch(wish, ['--session', id]), id }
}

/** With `--port` it can be asked what it does. Its server would run commands for every user of the machine (`POST
 * /session/ID/shell`) if it had no password: that reaches it through its environment alone, and us through `secretFile`. */
function launch(wish: Wish, conversation: string[] = []): Launch {
  const listens = !wish.plain && wish.port > 0
  return {
    args: [
      ...conversation,
      // Its own settings may name an address that others can reach.
      ...(listens ? ['--port', String(wish.port), '--hostname', '127.0.0.1'] : []),
      ...(wish.model === undefined ? [] : ['--model', wish.model]),
      ...(wish.skipPermissions ? ['--auto'] : []),
    ],
    ...(listens ? { secretFile: wish.secretFile, env: serverEnvironment() } : {}),
  }
}

/** Behind `/` at the start and `@` at the end, Enter takes the best completion (`//x` ran `/exit`). */
function opencodePrompt(text: string): string {
  // Alone, whatever blanks stand around it, such a word ends the program (1.18.33, run).
  if (/^\s*(?:exit|quit|:q)\s*$/.test(text)) return `${text.trim()}.`
  return `${text.startsWith('/') ? ' ' : ''}${text}${/@\S*$/.test(text) ? ' ' : ''}`
}
