/** Codex's screen, with the marks seen on 0.169.0. */
import type { App } from './app.ts'
import { control } from './control.ts'
import type { Said } from './kind.ts'
import { choiceLines, draftLines, seconds } from './screen.ts'
import type { Size } from './terminal.ts'
import { dim, marked } from './text.ts'

const PLACEHOLDER = 'Ask Codex to do anything'
const bold = (text: string) => `\x1b[1m${text}\x1b[0m`

export function drawCodex(app: App, size: Size): string[] {
  const { question } = app
  if (question?.about === 'trust')
    return [
      `> You are in ${process.cwd()}`,
      '',
      '  Trust this folder?',
      '',
      ...choices(app),
      '',
      '  Press enter to continue',
    ]
  if (question?.about === 'login') return ['  Welcome to Codex', '', ...choices(app), '', '  Press enter to continue']
  if (!app.isReady) return []
  const top = ['╭──────────────────────────╮', '│ >_ OpenAI Codex (v0.169.0) │', '╰──────────────────────────╯', '']
  const said = app.said.slice(-30).flatMap(one => block(one, size.columns))
  if (question?.about === 'elsewhere')
    return [...top, ...said, '🔒 This conversation is open in another app', '', '  press R to continue here']
  if (question) return [...top, ...said, ...approval(app)]
  return [...top, ...said, ...working(app, size.columns), ...input(app, size), '', `  ${footer(app)}`]
}

function block({ by, text }: Said, columns: number): string[] {
  if (by === 'user') return [...marked('› ', text, columns), '']
  if (by === 'agent') return [...marked(text.startsWith('You’ve hit') ? '■ ' : '• ', text, columns), '']
  if (by === 'done') return ['─ Worked for 0s ─', '']
  return [...marked('■ ', text, columns), '']
}

function working(app: App, columns: number): string[] {
  if (app.status !== 'busy') return []
  const queued = app.turns.queue.flatMap(({ text }) => marked('  ↳ ', text, columns).slice(0, 5))
  const title = '• Messages to be submitted after next tool call (press esc to interrupt and send immediately)'
  return [`• Working (${seconds(app)}s • esc to interrupt)`, '', ...(queued.length === 0 ? [] : [title, ...queued, ''])]
}

function input(app: App, size: Size): string[] {
  const draft = draftLines(app, size, 2)
  const sign = bold(app.isShell ? '!' : '›')
  if (!draft) return [`${sign} ${dim(control().placeholder ?? PLACEHOLDER)}`]
  return draft.map((line, at) => (at === 0 ? `${sign} ${line}` : `  ${line}`))
}

const footer = (app: App) => (app.hint === '' ? '? for shortcuts · 100% context left' : app.hint)

function choices(app: App): string[] {
  return choiceLines(app, (choice, number, isMarked) => `${isMarked ? '›' : ' '} ${number}. ${choice}`)
}

function approval(app: App): string[] {
  return [
    '  Would you like to run the following command?',
    '',
    '  $ touch made-by-tool',
    '',
    ...choices(app),
    '',
    '  Press enter to confirm or esc to cancel',
  ]
}
