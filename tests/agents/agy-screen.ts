/** agy's screen, with the marks that other tools look for (cli-agent-orchestrator, 1.0.10). */
import type { App } from './app.ts'
import { control } from './control.ts'
import type { Said } from './kind.ts'
import { BRAILLE, choiceLines, draftLines, frame } from './screen.ts'
import type { Size } from './terminal.ts'
import { dim, marked, rule } from './text.ts'

export function drawAgy(app: App, size: Size): string[] {
  const { question } = app
  if (question?.about === 'trust')
    return [`agy requires permission to read, edit and execute files in ${process.cwd()}`, '', ...choices(app)]
  if (question?.about === 'login')
    return ['You are currently not signed in', '', 'Select login method:', ...choices(app)]
  if (!app.isReady) return []
  const said = app.said.slice(-30).flatMap(one => block(one, size.columns))
  const top = ['Antigravity CLI 1.3.1', process.cwd(), '', ...said]
  if (question)
    return [
      ...top,
      'Approval Required',
      '',
      'Run this command? touch made-by-tool',
      '',
      ...choices(app),
      '',
      'esc to cancel',
    ]
  if (app.status === 'busy')
    return [...top, ...queued(app), `${frame(app, BRAILLE)} Generating...`, '', ...box(app, size), 'esc to cancel']
  return [...top, ...box(app, size), app.hint === '' ? '? for shortcuts' : app.hint]
}

function block({ by, text }: Said, columns: number): string[] {
  if (by === 'user') return [...marked('> ', text, columns), '']
  if (by === 'done') return []
  return [...marked(by === 'note' ? '' : '  ', text, columns), '']
}

const queued = (app: App) => app.turns.queue.map(({ text }) => `  queued: ${text.split('\n')[0]}`)

function box(app: App, size: Size): string[] {
  const draft = draftLines(app, size, 2)?.map((line, at) => (at === 0 ? `> ${line}` : `  ${line}`))
  const { placeholder } = control()
  return [rule(size.columns), ...(draft ?? [placeholder ? `> ${dim(placeholder)}` : '>']), rule(size.columns)]
}

function choices(app: App): string[] {
  return choiceLines(app, (choice, number, isMarked) => `${isMarked ? '>' : ' '} ${number}. ${choice}`)
}
