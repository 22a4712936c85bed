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
  /** It came while a tool ran. */
  duringTool?: boolean
}

interface Turn {
  sent: Sent[]
  isTool: boolean
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
    if (this.kind.leaves.test(text) || this.kind.command(this, text)) {
      this.journal({ kind: 'command', text })
      this.redraw()
    } else if (this.turn) {
      this.queue.push({ text, recorded, duringTool: this.turn.isTool })
      this.journal({ kind: 'queue', text, id: this.id })
      this.kind.queued?.(this, recorded)
      this.redraw()
    } else this.begin([{ text, recorded }], false)
  }

  private begin(sent: Sent[], wasQueued: boolean): void {
    const turnMs = control().turnMs ?? TURN_MS
    const isTool = takeOnce('permission')
    const timer = setTimeout(() => (isTool ? this.askPermission(turnMs) : this.end()), isTool ? 20 : turnMs)
    this.turn = { sent, isTool, timer }
    this.busySince = Date.now()
    this.setStatus('busy')
    for (const { text, recorded } of sent) {
      this.journal({ kind: 'submit', text, id: this.id, wasQueued })
      this.say('user', text)
      this.kind.submitted(this, recorded, wasQueued)
    }
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
    const { sent = [] } = this.turn ?? {}
    const isLimited = takeOnce('rateLimit')
    const asked = sent.map(({ text }) => text.slice(0, 60).replaceAll('\n', ' '))
    const answer = isLimited ? this.kind.limitText : `Done: ${asked.join(', ')}`
    if (this.kind.injected) this.inject(this.kind.injected)
    this.turn = undefined
    this.say('agent', answer)
    this.say('done', '')
    this.kind.answered(this, answer, isLimited)
    const next = this.takeQueued()
    for (const { recorded } of next) this.kind.dequeued?.(this, recorded)
    if (next.length === 0) this.rest()
    else this.begin(next, true)
  }

  private takeQueued(): Sent[] {
    const { takesAllQueued, joinsQueued } = this.kind
    if (joinsQueued === undefined || this.queue.length < 2) return this.queue.splice(0, takesAllQueued ? Infinity : 1)
    const all = this.queue.splice(0)
    return [
      { text: all.map(one => one.text).join(joinsQueued), recorded: all.map(one => one.recorded).join(joinsQueued) },
    ]
  }

  /** What was queued while a tool ran goes into the turn that runs. */
  private inject(record: NonNullable<Kind['injected']>): void {
    for (const sent of this.queue.filter(one => one.duringTool)) {
      this.queue.splice(this.queue.indexOf(sent), 1)
      this.journal({ kind: 'submit', text: sent.text, id: this.id, wasQueued: true })
      this.say('user', sent.text)
      record(this, sent.recorded)
    }
  }

  /** Ends the turn at the user's wish; its text stands in the input line again, before a draft. */
  interrupt(): void {
    if (!this.turn) return
    const { sent, timer } = this.turn
    clearTimeout(timer)
    this.turn = undefined
    const texts = [...sent, ...this.queue.splice(0)].map(one => one.text)
    const text = texts.join('\n')
    this.journal({ kind: 'interrupt', text })
    this.composer.set([...texts, this.composer.text].filter(part => part !== '').join('\n'))
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
