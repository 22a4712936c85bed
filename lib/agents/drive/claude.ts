/** How Claude Code is driven. Sources: 2.1.197 and 2.1.329 run against a loopback API. */
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { shellWord } from '#lib/system/shell-word.ts'
import { claudeFolder } from '../claude-pid-map.ts'
import { claudeAbout } from './claude-about.ts'
import { claudeInput } from './claude-input.ts'
import { claudeMark, claudeMessages } from './claude-record.ts'
import { removeAll } from './removal.ts'
import { turnScript } from './turn-script.ts'
import type { Driver, Launch, Wish } from './types.ts'

export const claudeDriver: Driver = {
  name: 'claude',
  programs: ['claude'],
  homeVariables: ['HOME', 'CLAUDE_CONFIG_DIR', 'CLAUDE_CODE_PROJECT_DIR_NAME'],
  // Lets it skip permissions as root: what `skipRefusal` saw must reach it.
  passed: ['IS_SANDBOX'],

  start: wish => (wish.plain ? launch([], wish) : { ...launch(['--session-id', wish.newId], wish), id: wish.newId }),
  resume: (id, wish) => ({ ...launch(['--resume', id], wish), id }),
  // The id of a fork can be chosen (tried on both).
  fork: (id, wish) =>
    wish.plain
      ? launch(['--resume', id, '--fork-session'], wish)
      : { ...launch(['--resume', id, '--fork-session', '--session-id', wish.newId], wish), id: wish.newId },

  unknownFlag: /unknown option '--(?:session-id|settings)'/,
  skipRefusal: (env, uid) =>
    uid === 0 && env['IS_SANDBOX'] !== '1'
      ? 'claude refuses --dangerously-skip-permissions as root unless IS_SANDBOX=1 is set'
      : undefined,
  // A wrong id makes it leave with exit code 1; the pid map says which one it is in.
  resumeProof: 'record',
  notFound: /No conversation found with session ID: /,
  trustChoice: /^Yes, I trust this folder/,
  choiceMark: /❯/u,
  leaveText: '/exit',
  enterGapMs: 150,
  asPrompt: asClaudePrompt,
  input: claudeInput,
  recordMark: claudeMark,
  messagesSince: claudeMessages,
  about: claudeAbout,

  async purge(id, artifact, context) {
    const { path, state } = artifact
    if (state !== 'present' || path === undefined || basename(path) !== `${id}.jsonl`) return []
    const folder = claudeFolder(context.env)
    // What else is named after this conversation: sub-agents and results of tools beside it, environments, old files.
    const named = folder === undefined ? [] : ['session-env', 'file-history'].map(kind => join(folder, kind, id))
    const there = [path, path.slice(0, -'.jsonl'.length), ...named].filter(one => existsSync(one))
    return removeAll(there)
  },
}

/** The whole prompt, with which it would leave (2.1.329, read and tried). */
const EXIT_WORD = /^(?:exit|quit|:q!?|:wq!?)$/

/** Characters without width; those that join letters, marks and emoji stay. Claude Code removes them from a paste with
 * `Removed 2 invisible characters · review and press Enter to send`, and then does not take the first Enter. */
const INVISIBLE =
  /(?<!\p{L}|\p{M}|\p{Emoji}|\ufe0f)(?:\u200c|\u200d|\ufe0f)|(?!\u200c|\u200d|\ufe0f)\p{Default_Ignorable_Code_Point}/gu

/** A blank before `!` makes a prompt of a shell command; before `/` it does not help, and neither do line breaks or
 * characters without width: the slash is escaped, as in Markdown. Where the first word has another slash or a dot it is a
 * path to Claude Code too. Enter behind a backslash is a line break; blanks at the end are not recorded (2.1.329, tried). */
function asClaudePrompt(text: string): string {
  const visible = text.replace(INVISIBLE, '')
  const word = visible.trim()
  if (EXIT_WORD.test(word)) return `${word}.`
  const prompt = /^\s*!/.test(visible) ? ` ${visible}` : visible.replace(/^(\s*)(?=\/[^\s/.]*(?:\s|$))/, '$1\\')
  // A mention at the end opens a list in 2.1.197, from which Enter would take a file; the blank closes it.
  return /\\$|(?:^|\s)@\S*$/.test(prompt) ? `${prompt} ` : prompt
}

function launch(args: string[], wish: Wish): Launch {
  const all = [...args]
  if (wish.model !== undefined) all.push('--model', wish.model)
  if (wish.skipPermissions) all.push('--dangerously-skip-permissions')
  if (wish.plain) return { args: all }
  const settings = {
    hooks: {
      SessionStart: [{ hooks: [hookInto(wish.hookFile)] }],
      // A turn that fails (429) ends with StopFailure and without Stop (2.1.197 and 2.1.329, tried).
      Stop: [{ hooks: [hookAtTurnEnd(turnScript(wish.hookFile))] }],
      StopFailure: [{ hooks: [hookAtTurnEnd(turnScript(wish.hookFile))] }],
    },
    // Without it the first start asks, with `No, exit` marked; the one who wished for it has said yes.
    ...(wish.skipPermissions ? { skipDangerousModePermissionPrompt: true } : {}),
  }
  all.push('--settings', JSON.stringify(settings))
  return { args: all, hookFile: wish.hookFile }
}

/** A hook's command is run by `sh -c`; what it is told comes by stdin. */
function hookInto(path: string): { type: 'command'; command: string; timeout: number } {
  return { type: 'command', command: `umask 077; cat >> ${shellWord(path)}`, timeout: 5 }
}

/** Says nothing and never fails: what a Stop hook prints, or leaves with, would tell Claude Code to go on. */
function hookAtTurnEnd(script: string): { type: 'command'; command: string; timeout: number } {
  const path = shellWord(script)
  const command = `if [ -r ${path} ]; then sh ${path}; else cat; fi >/dev/null 2>&1; exit 0`
  return { type: 'command', command, timeout: 15 }
}
