/** From the start of a stand-in to its end: questions first, then keys to its input line. */
import { spawn } from 'node:child_process'
import { App } from './app.ts'
import { control } from './control.ts'
import { takeKey } from './input.ts'
import { openJournal } from './journal.ts'
import type { Kind } from './kind.ts'
import { openTerminal } from './terminal.ts'

const CHECK_MS = 20

/** Runs in this process until it ends. `begin` is told before anything is drawn, and may refuse to start. */
export function runAgent(kind: Kind, begin?: (app: App) => void): void {
  const app = new App(kind, openJournal(kind.name))
  const { exitAtStart, hangAtStart, spawnChild } = control()
  keepSignals(app)
  if (exitAtStart !== undefined) {
    app.journal({ kind: 'exit', why: 'told to', code: exitAtStart })
    process.stderr.write(`${kind.name}: could not start\n`)
    process.exit(exitAtStart)
  }
  // Nothing else keeps it alive where its terminal went away and it was told to stay.
  setInterval(() => undefined, 1 << 30)
  if (spawnChild) startChild(app)
  if (hangAtStart) return
  begin?.(app)
  if (!process.stdin.isTTY) refuse(app, 'stdin is not a terminal', 1)
  openInTime(app)
}

/** Opens it when its time has come, which a test may make sooner or later meanwhile. */
function openInTime(app: App): void {
  const began = Date.now()
  const look = () => {
    if (Date.now() - began >= (control().startMs ?? 0)) open(app)
    else setTimeout(look, CHECK_MS)
  }
  setTimeout(look, 0)
}

/** Ends a start with an error, as the real one words it. */
export function refuse(app: App, words: string, code: number): never {
  app.journal({ kind: 'exit', why: words, code })
  process.stderr.write(`${words}\n`)
  process.exit(code)
}

function open(app: App): void {
  const { kind } = app
  app.terminal = openTerminal({
    alternate: kind.alternate,
    draw: size => kind.draw(app, size),
    take: key => takeKey(app, key),
    gone: () => control().ignoreHup || app.leave('terminal gone', 129),
  })
  kind.opened?.(app)
  const { trust, login } = control()
  const ready = () => {
    app.isReady = true
    kind.ready(app)
    app.redraw()
  }
  const start = () => (login ? app.ask({ about: 'login', choices: kind.login, answer: () => undefined }) : ready())
  const bypass = () => {
    const choices = kind.bypassQuestion?.()
    if (!choices) start()
    else
      app.ask({
        about: 'bypass',
        choices,
        answer: choice => (choice === choices.length - 1 ? start() : app.leave('not accepted', 1)),
      })
  }
  const asked = trust ? kind.trustQuestion?.(trust === 'yes-first') : undefined
  if (!asked) bypass()
  else
    app.ask({
      about: 'trust',
      choices: asked.choices,
      answer(choice) {
        if (choice !== asked.trusts) return app.leave('not trusted', 1)
        const again = kind.trusted?.(app)
        if (again === undefined) bypass()
        else app.leave('to start again', again)
      },
    })
}

function keepSignals(app: App): void {
  const on = (signal: NodeJS.Signals, code: number, isIgnored: () => boolean | undefined) =>
    process.on(signal, () => isIgnored() || app.leave(signal, code))
  on('SIGHUP', 129, () => control().ignoreHup)
  on('SIGTERM', 143, () => control().ignoreTerm)
  on('SIGINT', 130, () => control().ignoreTerm)
}

/** Bounded, because it outlives what started it. */
function startChild(app: App): void {
  const child = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' })
  child.unref()
  app.journal({ kind: 'child', child: child.pid ?? 0 })
}
