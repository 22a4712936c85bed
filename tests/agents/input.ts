/** Keys, on their way into the input line or to the question that is asked. */
import type { App } from './app.ts'
import { control, swallowsEnter } from './control.ts'
import type { Key } from './keys.ts'

const LEAVE_AGAIN_MS = 1000

/** What a key does: it answers the question that is asked, else it goes into the input line. */
export function takeKey(app: App, key: Key): void {
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
  if (key.kind === 'text' && key.text === '!' && composer.text === '' && !app.isShell) app.isShell = true
  else if (key.kind === 'text') composer.type(key.text)
  else if (key.kind === 'paste') composer.paste(kind.cleanPaste?.(app, key.text) ?? key.text, kind.fold)
  else if (key.kind === 'newline') composer.type('\n')
  else if (key.kind === 'backspace') {
    if (composer.text === '') app.isShell = false
    composer.backspace()
  } else if (key.kind === 'clear line') empty(app)
  else if (key.kind === 'enter') pressEnter(app)
  else if (key.kind === 'esc') {
    app.isShell = false
    app.turns.interrupt()
  } else if (key.kind === 'ctrl-c') stopOrLeave(app, kind.ctrlCsToLeave)
  else if (key.kind === 'ctrl-d' && composer.text === '') stopOrLeave(app, kind.ctrlCsToLeave)
}

function empty(app: App): void {
  app.composer.set('')
  app.review = ''
}

function pressEnter(app: App): void {
  const { composer, kind } = app
  const { text } = composer
  if (swallowsEnter()) app.journal({ kind: 'enter lost', why: 'told to' })
  else if (app.review !== '') {
    app.review = ''
    app.journal({ kind: 'enter lost', why: 'review' })
  } else if (Date.now() - composer.pastedAt < (kind.enterGapMs ?? 0)) composer.type('\n')
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
    if (app.isShell) app.isShell = false
    else if (kind.leaves.test(text) && !control().leaveHangs) app.leave('prompt_input_exit', 0)
  }
}

let leaveAskedAt = 0

function stopOrLeave(app: App, times: number): void {
  if (app.status !== 'idle') app.turns.interrupt()
  else if (app.composer.text !== '') empty(app)
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
