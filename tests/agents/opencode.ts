/** A stand-in for OpenCode 1.18. */
import type { App } from './app.ts'
import { control } from './control.ts'
import type { Kind } from './kind.ts'
import { serveApi } from './opencode-api.ts'
import { drawOpencode } from './opencode-screen.ts'
import {
  addMessage,
  addSession,
  deleteSession,
  forkSession,
  hasSession,
  importFile,
  newId,
  setTitle,
} from './opencode-store.ts'
import { refuse, runAgent } from './run.ts'

const FOLD_LINES = 3
const FOLD_CHARACTERS = 150
const COMMANDS = /^\/(?:clear|compact|exit|help|models|new|q|quit|sessions|themes)(?:\s|$)/
const args = process.argv.slice(2)
const given = (...names: string[]) => args[args.findIndex(arg => names.includes(arg)) + 1 || args.length]
const wanted = given('--session', '-s')
const model = given('--model', '-m') ?? 'stub/stub'
const cwd = process.cwd()
let title = ''

const [verb, first = '', second = ''] = args

function done(words: string, code = 0): never {
  ;(code === 0 ? process.stdout : process.stderr).write(`${words}\n`)
  process.exit(code)
}

if (verb === 'import') done(`Imported session: ${importFile(first)}`)
if (verb === 'session' && first === 'delete') {
  if (!hasSession(second)) done(`Error: Session not found: ${second}`, 1)
  deleteSession(second)
  done(`Session ${second} deleted`)
}

const record = (app: App, text: string) => {
  if (!control().noRecord) addMessage(app.id, 'user', text, model)
}

/** A session that nobody named comes with its first message. */
function begin(app: App): void {
  if (app.id !== '') return
  app.id = newId('ses')
  const now = Date.now()
  addSession({ id: app.id, directory: cwd, title: 'New session', time: { created: now, updated: now } })
}

const kind: Kind = {
  name: 'opencode',
  alternate: true,
  ctrlCsToLeave: 1,
  // The best match for `//x` was /exit.
  leaves: /^\/(?:(?:exit|quit|q)(?:\s|$)|\/)|^\s*(?:exit|quit|:q)\s*$/,
  completes: /(?:^|\s)@\S+$/,
  // An agent takes the word's place; nothing matches here what begins with `no`.
  complete: ({ composer: { text } }) => (/@no\S*$/.test(text) ? '' : text.replace(/@\S+$/, '@general ')),
  fold(text) {
    const lines = text.split('\n').length
    return lines >= FOLD_LINES || text.length > FOLD_CHARACTERS ? `[Pasted ~${lines} lines] ` : undefined
  },
  wrapPaste: paste => `${paste} `,
  draw: drawOpencode,
  permission: { choices: ['Allow once', 'Allow always', 'Reject'], isRow: true },
  login: ['Anthropic', 'OpenAI'],
  opened: showTitle,
  ready(app) {
    const prompt = given('--prompt')
    // It is ignored beside --session.
    if (prompt !== undefined && wanted === undefined) app.enter(prompt)
  },
  begun: begin,
  submitted(app, text, wasQueued) {
    if (!wasQueued) record(app, text)
    if (title !== '') return
    title = text.trim().split('\n')[0]?.slice(0, 40) ?? ''
    setTitle(app.id, title)
    showTitle(app)
  },
  // At once, and not when it is worked on.
  queued: record,
  answered(app, answer) {
    if (!control().noRecord) addMessage(app.id, 'assistant', answer, model)
  },
  command(app, text) {
    // A list offers commands until a blank is typed.
    const isCommand = COMMANDS.test(text) || /^\/\S*$/.test(text)
    if (/^\/(?:new|clear)\b/.test(text)) {
      app.said.length = 0
      app.id = ''
    }
    return isCommand
  },
  left: app => (app.id === '' ? '' : `  Session   ${title}\n  Continue  opencode -s ${app.id}\n`),
  limitText: 'Rate limit exceeded. Please try again later.',
}

function showTitle(app: App): void {
  app.terminal?.title(title === '' ? 'OpenCode' : `OC | ${title}`)
}

runAgent(kind, app => {
  const port = given('--port')
  if (port !== undefined) serveApi(app, Number(port), why => refuse(app, `Error: ${why}`, 1))
  if (wanted === undefined) return
  if (!hasSession(wanted)) refuse(app, 'Error: Session not found', 1)
  app.id = wanted
  if (!args.includes('--fork')) return
  app.id = newId('ses')
  forkSession(wanted, app.id)
})
