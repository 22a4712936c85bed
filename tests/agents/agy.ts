/** A stand-in for Antigravity CLI `agy` 1.3.1, after what others reported of it: it could not be run here. */
import { randomUUID } from 'node:crypto'
import { appendFileSync, closeSync, existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { drawAgy } from './agy-screen.ts'
import type { App } from './app.ts'
import { control } from './control.ts'
import { flock } from './flock.ts'
import type { Kind } from './kind.ts'
import { refuse, runAgent } from './run.ts'

const FOLD_LINES = 10
const base = join(process.env['HOME'] ?? '/', '.gemini/antigravity-cli')
const args = process.argv.slice(2)
const given = (name: string) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined)
const wanted = given('--conversation')
const logFile = given('--log-file')
const database = (id: string) => join(base, 'conversations', `${id}.db`)
const isOld = () => control().oldVersion === true

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  appendFileSync(path, text)
}

const log = (text: string) =>
  write(logFile ?? join(base, 'log', 'cli-shared.log'), `I${new Date().toISOString()} ${process.pid} ${text}\n`)

let held: number | undefined

/** The file outlives the program; held open and locked it says who is in the conversation. */
function attach(app: App, id: string): void {
  if (held !== undefined) closeSync(held)
  const path = join(base, 'presence', `${id}.lock`)
  mkdirSync(dirname(path), { recursive: true })
  held = openSync(path, 'a')
  flock(held)
  app.id = id
}

function create(app: App): void {
  attach(app, randomUUID())
  mkdirSync(dirname(database(app.id)), { recursive: true })
  writeFileSync(database(app.id), 'SQLite format 3\0')
  log(`server.go:42] Created conversation ${app.id}`)
}

let step = 0

const kind: Kind = {
  name: 'agy',
  alternate: true,
  ctrlCsToLeave: 2,
  leaves: /^\/(?:quit|exit)\s*$/,
  fold(text, number) {
    const lines = text.split('\n').length
    return lines > FOLD_LINES || text.length > 1000 ? `[Pasted text #${number} +${lines} lines]` : undefined
  },
  draw: drawAgy,
  trustQuestion: trustsFirst =>
    trustsFirst
      ? { choices: ['Yes, I trust this folder', 'No, exit'], trusts: 0 }
      : { choices: ['No, exit', 'Yes, I trust this folder'], trusts: 1 },
  permission: { choices: ['Allow once', 'Allow always', 'Deny access'] },
  login: ['Sign in with Google', 'Use an API key'],
  ready(app) {
    if (wanted !== undefined && existsSync(database(wanted))) {
      attach(app, wanted)
      log(`printmode.go:12] Conversation using ID: ${wanted}`)
    } else {
      if (wanted !== undefined) app.say('note', `warning: conversation "${wanted}" not found`)
      create(app)
    }
    const prompt = given('-i') ?? given('--prompt-interactive')
    if (prompt !== undefined) app.enter(prompt)
  },
  submitted(app, text) {
    if (control().noRecord) return
    const content = `<USER_REQUEST>\n${text.trim()}\n</USER_REQUEST>`
    addStep(app, { source: 'USER_EXPLICIT', type: 'USER_INPUT', content })
  },
  answered(app, answer) {
    if (!control().noRecord) addStep(app, { source: 'MODEL', type: 'PLANNER_RESPONSE', content: answer })
  },
  command(app, text) {
    const name = /^\/([^\s/]*)(?:\s|$)/.exec(text)?.[1]
    if (name === undefined) return false
    if (name === 'clear' || name === 'new') {
      app.said.length = 0
      create(app)
    } else if (name !== 'quit' && name !== 'exit') app.say('note', `Unknown command: /${name}`)
    return true
  },
  left: app => (app.id === '' ? '' : `Resume: agy --conversation ${app.id}\n`),
  limitText: 'Individual quota reached. Resets in 143h57m55s',
}

function addStep(app: App, entry: { source: string; type: string; content: string }): void {
  const path = join(base, 'brain', app.id, '.system_generated/logs/transcript.jsonl')
  write(path, `${JSON.stringify({ step_index: step++, ...entry, created_at: new Date().toISOString() })}\n`)
}

runAgent(kind, app => {
  if (isOld() && logFile !== undefined) refuse(app, 'flag provided but not defined: -log-file', 2)
})
