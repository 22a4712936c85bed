/** OpenCode's screen after its first turn, with the marks and colours of the captures of 1.18.33. */
import type { App } from './app.ts'
import { control } from './control.ts'
import type { Said } from './kind.ts'
import { choiceLines, draftLines, frame } from './screen.ts'
import type { Size } from './terminal.ts'
import { inverse, wrap } from './text.ts'

const PLACEHOLDER = 'Ask anything… "Fix a TODO in the codebase"'
const BAR = '  \x1b[38;5;75m┃\x1b[39m'
const pale = (text: string) => `\x1b[38;5;8m${text}\x1b[39m`
const AGENT = `\x1b[38;5;75mBuild\x1b[39m ${pale('·')} Stub ${pale('Stub')}`

export function drawOpencode(app: App, size: Size): string[] {
  if (app.question?.about === 'login')
    return ['', '  Connect a provider', '', ...choiceLines(app, choice => `  ${choice}`)]
  if (!app.isReady) return []
  const said = app.said.slice(-30).flatMap(one => block(one, size.columns))
  const waiting = app.turns.queue.flatMap(({ text }) => behindBar([...wrap(text, size.columns - 8), ' QUEUED ']))
  const top = ['', ...said, ...waiting]
  const bottom = app.question ? permission(app) : [...input(app, size), footer(app, size)]
  const room = size.rows - bottom.length
  // The input line stays at the bottom.
  return [...top.slice(-room), ...Array.from({ length: Math.max(0, room - top.length) }, () => ''), ...bottom]
}

const behindBar = (lines: string[]) => ['', ...lines, ''].map(line => `${BAR}  ${line}`).concat('')

function block({ by, text }: Said, columns: number): string[] {
  if (by === 'user') return behindBar(wrap(text, columns - 8))
  if (by === 'done') return [`     ▣  Build · Stub · 0.3s`, '']
  return [...wrap(text, columns - 6).map(line => `     ${line}`), '']
}

function input(app: App, size: Size): string[] {
  const empty = app.said.length === 0 ? pale(control().placeholder ?? PLACEHOLDER) : ''
  const lines = draftLines(app, size, 6) ?? [empty]
  const drawn = ['', ...lines, '', app.isShell ? '\x1b[38;5;75mShell\x1b[39m' : AGENT]
  return [...drawn.map(line => `${BAR}  ${line}`), `  ╹${'▀'.repeat(size.columns - 5)}`]
}

function footer(app: App, { columns }: Size): string {
  if (app.status === 'busy')
    return `   ${frame(app, '⬝■')}⬝⬝⬝⬝⬝⬝⬝  esc ${pale('interrupt')}${pale('ctrl+p commands'.padStart(columns - 32))}`
  return `   ${process.cwd()}${'ctrl+p commands'.padStart(Math.max(20, columns - process.cwd().length - 6))}`
}

function permission(app: App): string[] {
  const choices = choiceLines(app, (choice, _number, isMarked) => (isMarked ? inverse(` ${choice} `) : ` ${choice} `))
  return [
    `${BAR}  △ Permission required`,
    `${BAR}    # touch made-by-tool`,
    BAR,
    `${BAR}  ${choices.join('')}   ⇆ select  enter confirm`,
  ]
}
