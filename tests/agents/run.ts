/** From the start of a stand-in to its end: questions first, then keys to its input line. */
import { spawn } from 'node:child_process'
import { App } from './app.ts'
import { control, swallowsEnter } from './control.ts'
import { openJournal } from './journal.ts'
import type { Key } from './keys.ts'
import type { Kind } from './kind.ts'
import { openTerminal } from './terminal.ts'

const LEAVE_AGAIN_MS = 1000

/** Runs in this process until it ends. `begin` is told before anything is drawn, and may refuse to start. */
export function runAgent(kind: Kind, begin?: (app: App) => void): void {
  const app = new App(kind, openJournal(kind.name))
  const { exitAtStart, hangAtStart, startMs, spawnChild } = control()
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
  setTimeout(() => open(app), startMs ?? 0)
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
    take: key => take(app, key),
    gone: () => control().ignoreHup || app.leave('terminal gone', 129),
  })
  kind.opened?.(app)
  const { trust, login } = control()
  const ready = () => {
    app.isReady = true
    kind.ready(app)
    app.redraw()
  }
  const enter = () => (login ? app.ask({ about: 'login', choices: kind.login, answer: () => undefined }) : ready())
  const asked = trust ? kind.trustQuestion?.(trust === 'yes-first') : undefined
  if (!asked) enter()
  else
    app.ask({
      about: 'trust',
      choices: asked.choices,
      answer(choice) {
        if (choice !== asked.trusts) return app.leave('not trusted', 1)
        const again = kind.trusted?.(app)
        if (again === undefined) enter()
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

function take(app: App, key: Key): void {
  if (app.question) answer(app, key)
  else if (app.isReady) edit(app, key)
  app.redraw()
}

function answer(app: App, key: Key): void {
  const { question } = app
  if (!question || Date.now() - question.askedAt < (control().deafMs ?? 0)) return
  const last = question.choices.length - 1
  const settle = (choice: number | undefined) => {
    app.question = undefined
    app.journal({
      kind: 'answer',
      question: question.about,
      choice: choice === undefined ? 'esc' : (question.choices[choice] ?? ''),
    })
    question.answer(choice)
  }
  // A login is no choice that a stand-in could take.
  if (question.about === 'login' || question.about === 'elsewhere') {
    if (key.kind === 'ctrl-c') app.leave('ctrl-c', 0)
    else if (key.kind === 'text' && question.keys?.[key.text] !== undefined) settle(0)
  } else if (key.kind === (question.isRow ? 'left' : 'up')) question.marked = Math.max(0, question.marked - 1)
  else if (key.kind === (question.isRow ? 'right' : 'down')) question.marked = Math.min(last, question.marked + 1)
  else if (key.kind === 'esc' || key.kind === 'ctrl-c') settle(undefined)
  else if (key.kind === 'enter') swallowsEnter() || settle(question.marked)
  else if (key.kind === 'text') {
    const chosen = question.keys?.[key.text] ?? (/^[1-9]$/.test(key.text) ? Number(key.text) - 1 : last + 1)
    if (chosen <= last) settle(chosen)
  }
}

function edit(app: App, key: Key): void {
  const { composer, kind } = app
  if (key.kind === 'text') composer.type(key.text)
  else if (key.kind === 'paste') composer.paste(kind.cleanPaste?.(key.text) ?? key.text, kind.fold)
  else if (key.kind === 'newline') composer.type('\n')
  else if (key.kind === 'backspace') composer.backspace()
  else if (key.kind === 'clear line') composer.set('')
  else if (key.kind === 'enter') pressEnter(app)
  else if (key.kind === 'esc') app.interrupt()
  else if (key.kind === 'ctrl-c') stopOrLeave(app, kind.ctrlCsToLeave)
  else if (key.kind === 'ctrl-d' && composer.text === '') stopOrLeave(app, kind.ctrlCsToLeave)
}

function pressEnter(app: App): void {
  const { composer, kind } = app
  const { text } = composer
  if (swallowsEnter()) app.journal({ kind: 'enter lost', why: 'told to' })
  else if (Date.now() - composer.pastedAt < (kind.enterGapMs ?? 0)) composer.type('\n')
  else if (kind.backslashBreaks && text.endsWith('\\')) {
    composer.backspace()
    composer.type('\n')
  } else if (app.completed !== undefined) {
    // Where nothing matches, the popup stays and takes every Enter.
    if (app.completed !== '') {
      composer.set(app.completed)
      composer.settle()
    }
    app.journal({ kind: 'enter lost', why: 'completion' })
  } else if (text.trim() !== '') {
    const recorded = composer.wrapped(kind.wrapPaste ?? (paste => paste))
    composer.set('')
    app.enter(text, recorded)
    if (kind.leaves.test(text) && !control().leaveHangs) app.leave('prompt_input_exit', 0)
  }
}

let leaveAskedAt = 0

function stopOrLeave(app: App, times: number): void {
  if (app.status !== 'idle') app.interrupt()
  else if (app.composer.text !== '') app.composer.set('')
  else if (times === 1 || Date.now() - leaveAskedAt < LEAVE_AGAIN_MS) app.leave('prompt_input_exit', 0)
  else {
    leaveAskedAt = Date.now()
    app.hint = 'Press Ctrl-C again to exit'
    setTimeout(() => {
      app.hint = ''
      app.redraw()
    }, LEAVE_AGAIN_MS)
  }
}
