/** A stand-in while it runs: its input line, its conversation, its turns. */
import { randomUUID } from 'node:crypto'
import { Composer } from './composer.ts'
import { control, takeOnce } from './control.ts'
import type { Journal } from './journal.ts'
import type { Kind, Question, Said, Status } from './kind.ts'
import type { Terminal } from './terminal.ts'

const TURN_MS = 300
const SPINNER_MS = 250

/** What was sent: what was in the input line, and what of it is recorded. */
export interface Sent {
  text: string
  recorded: string
}

interface Turn extends Sent {
  timer: NodeJS.Timeout
}

export class App {
  readonly kind: Kind
  readonly journal: Journal
  readonly composer = new Composer()
  readonly said: Said[] = []
  readonly queue: Sent[] = []
  /** The conversation, as the CLI names it; set by its kind. */
  id = ''
  status: Status = 'idle'
  question: Question | undefined
  isReady = false
  /** When the turn began, in milliseconds since the epoch. */
  busySince = 0
  /** Counts on while it works. */
  spinner = 0
  /** A hint instead of the footer. */
  hint = ''
  terminal: Terminal | undefined
  private turn: Turn | undefined
  private hasLeft = false
  private ticker: NodeJS.Timeout | undefined

  constructor(kind: Kind, journal: Journal) {
    this.kind = kind
    this.journal = journal
  }

  /** The word for which a popup offers completions. */
  get completing(): string | undefined {
    const word = this.composer.completing
    return word === undefined || this.kind.complete?.(this, word) === undefined ? undefined : word
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
    if (this.kind.leaveWords.includes(text.trim()) || this.kind.command(this, text)) {
      this.journal({ kind: 'command', text })
      this.redraw()
    } else if (this.turn) {
      this.queue.push({ text, recorded })
      this.journal({ kind: 'queue', text, id: this.id })
      this.kind.queued?.(this, recorded)
      this.redraw()
    } else this.begin({ text, recorded }, false)
  }

  private begin({ text, recorded }: Sent, wasQueued: boolean): void {
    this.journal({ kind: 'submit', text, id: this.id, wasQueued })
    this.say('user', text)
    const turnMs = control().turnMs ?? TURN_MS
    const asks = takeOnce('permission')
    this.turn = {
      text,
      recorded,
      timer: setTimeout(() => (asks ? this.askPermission(turnMs) : this.end()), asks ? 20 : turnMs),
    }
    this.busySince = Date.now()
    this.setStatus('busy')
    this.kind.submitted(this, recorded, wasQueued)
    this.ticker ??= setInterval(() => {
      this.spinner++
      this.kind.ticked?.(this)
      this.redraw()
    }, SPINNER_MS)
  }

  private askPermission(turnMs: number): void {
    this.setStatus('waiting')
    this.ask({
      about: 'permission',
      ...this.kind.permission,
      answer: choice => {
        if (choice === undefined || choice === this.kind.permission.choices.length - 1) this.interrupt()
        else if (this.turn) {
          this.setStatus('busy')
          this.turn.timer = setTimeout(() => this.end(), turnMs)
        }
      },
    })
  }

  private end(): void {
    const { text, recorded } = this.turn ?? { text: '', recorded: '' }
    const isLimited = takeOnce('rateLimit')
    const answer = isLimited ? this.kind.limitText : `Done: ${text.slice(0, 60).replaceAll('\n', ' ')}`
    this.turn = undefined
    this.say('agent', answer)
    this.say('done', '')
    this.kind.answered(this, recorded, answer, isLimited)
    const next = this.queue.shift()
    if (next === undefined) this.rest()
    else {
      this.kind.dequeued?.(this, next.recorded)
      this.begin(next, true)
    }
  }

  /** Ends the turn at the user's wish; its text stands in the input line again, before a draft. */
  interrupt(): void {
    if (!this.turn) return
    const { text, timer } = this.turn
    clearTimeout(timer)
    this.turn = undefined
    this.journal({ kind: 'interrupt', text })
    const back = [text, ...this.queue.splice(0).map(sent => sent.text), this.composer.text].filter(part => part !== '')
    this.composer.set(back.join('\n'))
    this.say('note', 'Interrupted · What should I do instead?')
    this.kind.interrupted?.(this, text)
    this.rest()
  }

  private rest(): void {
    clearInterval(this.ticker)
    this.ticker = undefined
    this.setStatus('idle')
  }

  private setStatus(status: Status): void {
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
