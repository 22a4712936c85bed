/** Claude Code's screen, with the marks, rules and colours of the captures of 2.1.197. */
import type { App } from './app.ts'
import { control } from './control.ts'
import type { Said } from './kind.ts'
import type { Size } from './terminal.ts'
import { dim, grey, inverse, marked, rule, wrap } from './text.ts'

const SPINNER = '·✢✳✶✻✽'
const BLUE = (text: string) => `\x1b[38;5;153m${text}\x1b[39m`

export function drawClaude(app: App, { columns, rows }: Size): string[] {
  if (app.question?.about === 'trust') return trustDialog(app, columns)
  if (app.question?.about === 'bypass') return bypass(app)
  if (app.question?.about === 'login') return login(app)
  if (!app.isReady) return []
  const top = [...header(columns), '', ...app.said.slice(-30).flatMap(said => block(said, columns))]
  if (app.question) return [...top, ...permission(app, columns)]
  return [...top, ...working(app), ...queued(app, columns), ...box(app, columns, rows), ...footer(app, columns)]
}

function header(columns: number): string[] {
  const line = (text: string) => `│ ${text.padEnd(columns - 4).slice(0, columns - 4)} │`
  return [
    `╭─── Claude Code v2.1.197 ${'─'.repeat(Math.max(0, columns - 28))}╮`,
    line('Welcome back!'),
    line('Opus 4.8 (1M context) · API Usage Billing'),
    line(process.cwd()),
    `╰${'─'.repeat(columns - 2)}╯`,
  ]
}

function block({ by, text }: Said, columns: number): string[] {
  if (by === 'user') return [...marked('❯ ', text, columns).map(line => `\x1b[48;5;237m${line}`), '']
  if (by === 'agent') return [...marked('● ', text, columns), '']
  if (by === 'done') return [grey('✻ Cooked for 0s'), '']
  return [...marked('  ⎿  ', text, columns), '']
}

function working(app: App): string[] {
  if (app.status !== 'busy') return []
  return [`\x1b[38;5;174m${SPINNER[app.turns.spinner % SPINNER.length]} Moonwalking… \x1b[39m`, '']
}

function queued(app: App, columns: number): string[] {
  if (app.turns.queue.length === 0) return []
  const texts = app.turns.queue.flatMap(({ text }) => marked('❯ ', text, columns).slice(0, 5))
  return [...texts, grey('  ⎿  Queued · ctrl+x ctrl+s to send now'), '']
}

function box(app: App, columns: number, rows: number): string[] {
  const { shown } = app.composer
  const hint = app.turns.queue.length > 0 ? 'Press up to edit queued messages' : (control().placeholder ?? '')
  const sign = app.isShell ? '!\u00a0' : '❯\u00a0'
  const mark = app.status === 'busy' ? grey(sign) : sign
  if (shown === '' && hint === '') return [rule(columns), `${mark}${inverse(' ')}`, rule(columns)]
  if (shown === '') return [rule(columns), `${mark}${inverse(hint.slice(0, 1))}${dim(hint.slice(1))}`, rule(columns)]
  const lines = wrap(shown, columns - 3)
  const fitting = lines.slice(-Math.max(5, rows - 12))
  const drawn = fitting.map((line, at) => `${at === 0 ? mark : '  '}${line}`)
  return [rule(columns), ...drawn.slice(0, -1), `${drawn.at(-1)}${inverse(' ')}`, rule(columns), ...popup(app)]
}

/** Completions take the footer's place. */
function popup(app: App): string[] {
  return app.completed === undefined ? [] : [`  ${BLUE('README.md')}`, `  ${grey('readme-old.md')}`]
}

function footer(app: App, columns: number): string[] {
  if (app.hint !== '' || app.review !== '') return [`  ${grey(app.hint || app.review)}`]
  if (app.completed !== undefined) return []
  if (app.composer.text !== '' && app.status !== 'busy') return [grey('ctrl+g to edit in Vim'.padStart(columns - 2))]
  const left = app.status === 'busy' ? 'esc to interrupt · ← for agents' : '? for shortcuts · ← for agents'
  const right = '● high · /effort'
  return [`  ${grey(left)}${' '.repeat(Math.max(1, columns - left.length - right.length - 4))}${grey(right)}`]
}

function choices(app: App): string[] {
  const { question } = app
  return (question?.choices ?? []).map((choice, at) =>
    at === question?.marked
      ? ` ${BLUE('❯')} ${grey(`${at + 1}.`)} ${BLUE(choice)}`
      : `   ${grey(`${at + 1}.`)} ${choice}`,
  )
}

function trustDialog(app: App, columns: number): string[] {
  const why =
    "Quick safety check: Is this a project you created or one you trust? (Like your own code, a well-known open source project, or work from your team). If not, take a moment to review what's in this folder first."
  return [
    '',
    `\x1b[38;5;220m${'─'.repeat(columns)}\x1b[39m`,
    ' \x1b[1mAccessing workspace:\x1b[0m',
    '',
    ` ${process.cwd()}`,
    '',
    ...marked(' ', why, columns - 1),
    '',
    " Claude Code'll be able to read, edit, and execute files here.",
    '',
    ` ${grey('Security guide')}`,
    '',
    ...choices(app),
    '',
    ` ${grey('Enter to confirm · Esc to cancel')}`,
  ]
}

function permission(app: App, columns: number): string[] {
  return [
    '● Bash(touch made-by-tool)',
    `${grey('  ⎿  Waiting…')}`,
    '',
    `\x1b[38;5;153m${'─'.repeat(columns)}\x1b[39m`,
    ' Bash command',
    '',
    '   touch made-by-tool',
    '   x',
    '',
    ' Do you want to proceed?',
    ...choices(app),
    '',
    ` ${grey('Esc to cancel · Tab to amend · ctrl+e to explain')}`,
  ]
}

function bypass(app: App): string[] {
  const warning = ' WARNING: Claude Code running in Bypass Permissions mode'
  return ['', warning, '', ...choices(app), '', ` ${grey('Enter to confirm · Esc to cancel')}`]
}

function login(app: App): string[] {
  return [' Select login method:', '', ...choices(app), '']
}
