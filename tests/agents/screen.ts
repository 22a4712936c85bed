/** Pieces that the stand-ins' screens share. */
import type { App } from './app.ts'
import type { Size } from './terminal.ts'
import { wrap } from './text.ts'

/** The draft as it stands in an input line so far in from the margin: its last lines, where it is long. `undefined` when
 * the line is empty. */
export function draftLines(app: App, { columns, rows }: Size, indent: number): string[] | undefined {
  const { shown } = app.composer
  return shown === '' ? undefined : wrap(shown, columns - indent - 1).slice(-Math.max(5, rows - 12))
}

/** The choices of the question that is asked, each as its program draws it. */
export function choiceLines(app: App, draw: (choice: string, number: number, isMarked: boolean) => string): string[] {
  const { question } = app
  return (question?.choices ?? []).map((choice, at) => draw(choice, at + 1, at === question?.marked))
}

/** One of the frames, another each time it ticks. */
export function frame(app: App, frames: string): string {
  return [...frames][app.turns.spinner % [...frames].length] ?? ''
}

/** Whole seconds since the turn began. */
export function seconds(app: App): number {
  return Math.floor((Date.now() - app.turns.busySince) / 1000)
}

export const BRAILLE = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'
