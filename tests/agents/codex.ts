/** A stand-in for Codex 0.169.0. */
import { rmSync } from 'node:fs'
import { basename } from 'node:path'
import type { App } from './app.ts'
import { drawCodex } from './codex-screen.ts'
import { findRollout, holdLock, newThreadId, Rollout } from './codex-store.ts'
import { control } from './control.ts'
import type { Kind } from './kind.ts'
import { refuse, runAgent } from './run.ts'
import { BRAILLE, frame } from './screen.ts'

const FOLD_CHARACTERS = 1000
const WITH_VALUE = new Set(['-m', '--model', '-s', '--sandbox', '-a', '--ask-for-approval', '-C', '--cd', '-c'])
const args = process.argv.slice(2)
const flag = (name: string) => args.includes(name)
const modelAt = args.findIndex(arg => arg === '-m' || arg === '--model')
const words = args.filter((arg, at) => !arg.startsWith('-') && !WITH_VALUE.has(args[at - 1] ?? ''))
const mode = words[0] === 'resume' || words[0] === 'fork' ? words.shift() : undefined
const wanted = mode === undefined ? undefined : words.shift()
const model = modelAt < 0 ? 'gpt-5.5-codex' : args[modelAt + 1]
const isOwnDaemon = flag('--no-daemon')
const directory = basename(process.cwd())
const rollout = new Rollout(model ?? '', mode === 'fork' ? wanted : undefined)
const isRecorded = () => !control().noRecord

let isElsewhere = false

/** Another conversation in the same process; the old one's lock stays held. */
function begin(app: App, id: string): void {
  app.id = id
  isElsewhere = isOwnDaemon && !holdLock(id)
}

const kind: Kind = {
  name: 'codex',
  alternate: false,
  ctrlCsToLeave: 1,
  // Behind a blank it is a prompt.
  leaves: /^\/(?:quit|exit)(?:\s|$)/,
  completes: /(?:^|\s)[@$]\S*$/,
  // The first file takes the word's place; a `$` finds nothing.
  complete: ({ composer: { shown, text } }) => (/\$\S*$/.test(shown) ? '' : text.replace(/@\S*$/, 'README.md ')),
  fold: text => (text.length > FOLD_CHARACTERS ? `[Pasted Content ${text.length} chars]` : undefined),
  draw: drawCodex,
  trustQuestion: () => ({ choices: ['Trust and continue', 'Quit'], trusts: 0 }),
  permission: {
    choices: ['Yes, proceed (y)', "Yes, and don't ask again (p)", 'No, and tell Codex what to do differently (esc)'],
    keys: { y: 0, p: 1 },
  },
  login: ['Sign in with ChatGPT', 'Provide your own API key'],
  ready(app) {
    if (isElsewhere) app.ask({ about: 'elsewhere', choices: [''], keys: { r: 0, R: 0 }, answer: () => undefined })
    showTitle(app)
    const prompt = words.join(' ')
    if (prompt !== '') app.enter(prompt)
  },
  statusChanged: showTitle,
  ticked: showTitle,
  takesAllQueued: true,
  submitted: (app, text) => isRecorded() && rollout.user(app.id, text.trim()),
  injected: (app, text) => isRecorded() && rollout.message(app.id, text.trim()),
  answered(app, answer, isLimited) {
    if (!isRecorded()) return
    if (isLimited) rollout.limited(app.id, answer)
    else rollout.agent(app.id, answer)
  },
  interrupted: app => isRecorded() && rollout.interrupted(app.id),
  command(app, text) {
    if (text.startsWith('!')) return true
    const name = /^\n*\/([^\s/.]+)(?:\s|$)/.exec(text)?.[1]
    if (name === undefined) return false
    if (name === 'new' || name === 'clear') {
      app.said.length = 0
      begin(app, newThreadId())
    } else if (name === 'status') app.say('note', `Session: ${app.id}`)
    else if (name !== 'quit' && name !== 'exit') {
      app.say('note', `Unrecognized command '/${name}'. Type "/" for a list of supported commands.`)
      // It gives the text back to be mended.
      app.composer.set(text)
    }
    return true
  },
  left(app) {
    const daemon = isOwnDaemon ? '' : 'Disconnected from this task. Any running work continues.\n'
    // Without a turn there is nothing to resume.
    if (findRollout(app.id) === undefined) return `${daemon}Session ID: ${app.id}\n`
    return `${daemon}To continue this session, run:\n  codex resume ${app.id}\n`
  },
  limitText: 'You’ve hit your usage limit. Upgrade to Pro or try again at 4:24 AM.',
}

function showTitle(app: App): void {
  const sign =
    app.status === 'busy' ? `${frame(app, BRAILLE)} ` : app.status === 'waiting' ? '[ . ] Action Required | ' : ''
  app.terminal?.title(`${sign}${directory}`)
}

/** Ends this process: a thread removed for good is a command of its own, which older versions take for a prompt. */
function deleteThread(id: string | undefined): never {
  const path = id === undefined || control().oldVersion ? undefined : findRollout(id)
  if (path !== undefined) rmSync(path)
  else
    process.stderr.write(`error: ${control().oldVersion ? "unexpected argument '--force' found" : 'no such thread'}\n`)
  process.exit(path === undefined ? 2 : 0)
}

if (words[0] === 'delete' && flag('--force')) deleteThread(words[1])

runAgent(kind, app => {
  if (control().oldVersion && isOwnDaemon) refuse(app, "error: unexpected argument '--no-daemon' found", 2)
  if (mode !== undefined && (wanted === undefined || findRollout(wanted) === undefined))
    refuse(
      app,
      `ERROR: No saved session found with ID ${wanted}. Run \`codex resume\` without an ID to choose from existing sessions.`,
      1,
    )
  begin(app, mode === 'resume' && wanted !== undefined ? wanted : newThreadId())
})
