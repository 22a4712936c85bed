/** A stand-in while it runs: its input line, its conversation, its turns. */
import { randomUUID } from 'node:crypto'
import { Composer } from './composer.ts'
import type { Journal } from './journal.ts'
import type { Kind, Question, Said, Status } from './kind.ts'
import type { Terminal } from './terminal.ts'
import { Turns } from './turns.ts'

export class App {
  readonly kind: Kind
  readonly journal: Journal
  readonly composer = new Composer()
  readonly said: Said[] = []
  readonly turns = new Turns(this)
  /** The conversation, as the CLI names it; set by its kind. */
  id = ''
  status: Status = 'idle'
  question: Question | undefined
  isReady = false
  /** A `!` was typed into the empty input line: what is sent goes to a shell. */
  isShell = false
  /** A hint instead of the footer. */
  hint = ''
  /** What is to be read before it is sent: the next Enter does no more than put this away. */
  review = ''
  terminal: Terminal | undefined
  private hasLeft = false

  constructor(kind: Kind, journal: Journal) {
    this.kind = kind
    this.journal = journal
  }

  /** What an Enter would make of the input line through a popup; undefined where there is none. */
  get completed(): string | undefined {
    const { completes, complete } = this.kind
    return completes && this.composer.isCompleting(completes) ? complete?.(this) : undefined
  }

  redraw(): void {
    this.terminal?.redraw()
  }

  say(by: Said['by'], text: string): void {
    this.said.push({ by, text })
    this.redraw()
  }

  ask(question: Omit<Question, 'marked' | 'askedAt'>): void {
    this.question = { ...question, marked: 0, askedAt: Date.now() }
    this.redraw()
  }

  /** What Enter does with a text. */
  enter(text: string, recorded = text): void {
    if (this.isShell || this.kind.leaves.test(text) || this.kind.command(this, text)) {
      this.journal({ kind: 'command', text })
      this.redraw()
    } else this.turns.take(text, recorded)
  }

  setStatus(status: Status): void {
    this.status = status
    this.kind.statusChanged?.(this)
    this.redraw()
  }

  /** A new conversation: nothing of the old one stays on the screen. */
  clear(id: string = randomUUID()): void {
    this.said.length = 0
    this.id = id
    this.kind.statusChanged?.(this)
    this.redraw()
  }

  /** Ends the program as the real one ends. */
  leave(why: string, code: number): void {
    if (this.hasLeft) return
    this.hasLeft = true
    this.journal({ kind: 'exit', why, code })
    this.terminal?.close(this.kind.left(this, why))
    process.exit(code)
  }
}
