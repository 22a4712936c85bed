/** A stand-in for Gemini CLI 0.61.0, which starts itself again: the pane's process is a launcher. */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { basename } from 'node:path'
import type { App } from './app.ts'
import { control } from './control.ts'
import { drawGemini, trustChoices } from './gemini-screen.ts'
import { type Chat, findChat, hasChats, isTrusted, openChat, trust } from './gemini-store.ts'
import type { Kind } from './kind.ts'
import { refuse, runAgent } from './run.ts'

const RELAUNCHED = 'GEMINI_CLI_NO_RELAUNCH'
/** The child's exit code that asks to be started again. */
const AGAIN = 199
const FOLD_LINES = 5
const FOLD_CHARACTERS = 500
const COMMANDS =
  /^[\s\u200b]*\/(about|auth|chat|clear|exit|help|mcp|memory|model|quit|settings|stats|theme|tools)(?:\s|$)/
const directory = basename(process.cwd())
const args = process.argv.slice(2)

/** The value behind one of these flags, or behind its `=`. */
function given(...names: string[]): string | undefined {
  const at = args.findIndex(arg => names.includes(arg.split('=')[0] ?? ''))
  const flag = args[at]
  return flag === undefined ? undefined : flag.includes('=') ? flag.slice(flag.indexOf('=') + 1) : args[at + 1]
}

const wanted = given('--session-id')
const resumed = given('--resume', '-r')
let chat: Chat | undefined

function open(app: App, id: string): void {
  app.id = id
  chat = control().noRecord ? undefined : openChat(id)
}

const kind: Kind = {
  name: 'gemini',
  alternate: false,
  ctrlCsToLeave: 2,
  // Blanks before it do not make it a prompt, and neither does what stands behind it.
  leaves: /^[\s\u200b]*\/(?:quit|exit)(?:\s|$)/,
  enterGapMs: 40,
  backslashBreaks: true,
  // An `@` at the very end is completed; a line break there costs an Enter too.
  completes: /(?:^|\s)@\S*$|\n$/,
  complete: ({ composer: { text } }) => text.replace(/@\S*$/, '@codebase_investigator ').replace(/\n+$/, ''),
  joinsQueued: '\n\n',
  fold(text) {
    const lines = text.split('\n').length
    if (lines > FOLD_LINES) return `[Pasted Text: ${lines} lines]`
    return text.length > FOLD_CHARACTERS ? `[Pasted Text: ${text.length} chars]` : undefined
  },
  draw: drawGemini,
  trustQuestion: () => (isTrusted() ? undefined : { choices: trustChoices(), trusts: 0 }),
  trusted() {
    trust()
    return AGAIN
  },
  permission: { choices: ['Allow once', 'Allow for this session', 'No, suggest changes (esc)'] },
  login: ['Login with Google', 'Use Gemini API Key', 'Vertex AI'],
  // Also while it asks whether the folder is trusted.
  opened: showTitle,
  ready(app) {
    const prompt = given('-i', '--prompt-interactive')
    if (prompt !== undefined) app.enter(prompt)
  },
  statusChanged: showTitle,
  submitted: (_app, text) => chat?.user(text.trim()),
  answered: (_app, answer) => chat?.gemini(answer),
  command(app, text) {
    const name = COMMANDS.exec(text)?.[1]
    if (name === 'clear') {
      app.said.length = 0
      open(app, randomUUID())
    } else if (name !== undefined && name !== 'quit' && name !== 'exit') app.say('note', `/${name}`)
    return name !== undefined
  },
  left: app => (app.isReady ? `To resume this session: gemini --resume ${app.id}\n` : ''),
  limitText: 'Usage limit reached for gemini-3-pro. Access resets at 4:24 AM.',
}

function showTitle(app: App): void {
  const sign = { idle: '◇  Ready', busy: '✦  Working…', waiting: '✋  Action Required' }[app.status]
  app.terminal?.title(`${sign} (${directory})`)
}

function begin(app: App): void {
  const old = control().oldVersion && wanted !== undefined
  if (old) refuse(app, 'Unknown arguments: session-id, sessionId', 1)
  if (wanted !== undefined && findChat(wanted) !== undefined)
    refuse(app, `Session ID "${wanted}" already exists. Use --resume to resume it.`, 42)
  if (resumed !== undefined && !hasChats())
    refuse(app, 'Error resuming session: No previous sessions found for this project.', 42)
  if (resumed !== undefined && findChat(resumed) === undefined)
    refuse(app, `Error resuming session: Invalid session identifier "${resumed}".`, 42)
  open(app, resumed ?? wanted ?? randomUUID())
}

/** Waits for the one that works, and starts another when it asks for that. */
function launch(): void {
  const { ignoreHup, ignoreTerm } = control()
  process.on('SIGINT', () => undefined)
  if (ignoreHup) process.on('SIGHUP', () => undefined)
  if (ignoreTerm) process.on('SIGTERM', () => undefined)
  const env = { ...process.env, [RELAUNCHED]: 'true' }
  const child = spawn(process.execPath, process.argv.slice(1), { stdio: 'inherit', env })
  child.on('close', code => (code === AGAIN ? launch() : process.exit(code ?? 1)))
}

if (process.env[RELAUNCHED] === undefined) launch()
else runAgent(kind, begin)
