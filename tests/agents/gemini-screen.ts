/** Gemini CLI's screen, with the marks and colours of the captures of 0.61.0. */
import { basename, dirname } from 'node:path'
import type { App } from './app.ts'
import { control } from './control.ts'
import type { Said } from './kind.ts'
import { BRAILLE, choiceLines, draftLines, frame, seconds } from './screen.ts'
import type { Size } from './terminal.ts'
import { dim, inverse, marked } from './text.ts'

const PLACEHOLDER = 'Type your message or @path/to/file'
const MOST_QUEUED = 3
const hint = (text: string) => `\x1b[38;5;248m${text}\x1b[39m`

export const trustChoices = () => [
  `Trust folder (${basename(process.cwd())})`,
  `Trust parent folder (${basename(dirname(process.cwd()))})`,
  "Don't trust",
]

export function drawGemini(app: App, size: Size): string[] {
  const { question } = app
  const said = app.said.slice(-30).flatMap(one => block(one, size.columns))
  const top = [
    '',
    ' ▝▜▄     Gemini CLI v0.61.0',
    '',
    'Tips for getting started:',
    '1. /help for more information',
    '',
    ...said,
  ]
  if (question?.about === 'trust')
    return [...top, ...frameOf(['Do you trust the files in this folder?', '', ...choices(app)], size)]
  if (question?.about === 'login')
    return [...top, ...frameOf(['How would you like to authenticate for this project?', '', ...choices(app)], size)]
  if (!app.isReady) return top
  if (question) return [...top, ...frameOf(["Allow execution of: 'touch'?", '', ...choices(app)], size)]
  return [
    ...top,
    ...queued(app),
    ...working(app),
    `\x1b[2m${'─'.repeat(size.columns)}\x1b[0m`,
    ...input(app, size),
    ...footer(app),
  ]
}

function block({ by, text }: Said, columns: number): string[] {
  if (by === 'done') return []
  return [...marked(by === 'user' ? ' > ' : by === 'agent' ? '✦ ' : '✕ ', text, columns), '']
}

function frameOf(lines: string[], { columns }: Size): string[] {
  const inner = columns - 6
  const body = ['', ...lines, ''].map(line => ` │ ${line.padEnd(inner)} │`)
  return [` ╭${'─'.repeat(inner + 2)}╮`, ...body, ` ╰${'─'.repeat(inner + 2)}╯`]
}

function choices(app: App): string[] {
  return choiceLines(app, (choice, number, isMarked) => `${isMarked ? '●' : ' '} ${number}. ${choice}`)
}

function queued(app: App): string[] {
  if (app.turns.queue.length === 0) return []
  const shown = app.turns.queue
    .slice(0, MOST_QUEUED)
    .map(({ text }) => dim(`    ${text.replaceAll(/\s+/g, ' ').slice(0, 80)}`))
  return [dim('  Queued (press ↑ to edit):'), ...shown, '']
}

function working(app: App): string[] {
  if (app.status !== 'busy') return ['']
  return [` ${frame(app, BRAILLE)} Thinking... ${hint(`(esc to cancel, ${seconds(app)}s)`)}`]
}

function input(app: App, size: Size): string[] {
  const mark = ` \x1b[38;5;183m${app.isShell ? '!' : '>'} \x1b[39m`
  const draft = draftLines(app, size, 4)
  const lines = draft?.map((line, at) => (at === 0 ? `${mark}${line}` : `   ${line}`))
  const empty = `${mark}${inverse(' ')}${hint(` ${control().placeholder ?? PLACEHOLDER}`)}`
  return [hint(' Shift+Tab to accept edits'), '', ...(lines ?? [empty]), '']
}

function footer(app: App): string[] {
  const path = process.cwd()
  return [
    hint(app.hint === '' ? ' workspace (/directory)          sandbox          /model' : ` ${app.hint}`),
    ` ${path}          no sandbox          Auto`,
  ]
}
