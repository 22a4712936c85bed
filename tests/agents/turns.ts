/** Turns: one message, or several that waited, worked on for a while. */
import type { App } from './app.ts'
import { control, takeOnce } from './control.ts'
import type { Kind } from './kind.ts'
import { reportEnd } from './report-end.ts'

const TURN_MS = 300
const SPINNER_MS = 250
const CHECK_MS = 20

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

export class Turns {
  readonly queue: Sent[] = []
  /** When the turn began, in milliseconds since the epoch. */
  busySince = 0
  /** Counts on while it works. */
  spinner = 0
  private readonly app: App
  private turn: Turn | undefined
  private ticker: NodeJS.Timeout | undefined

  constructor(app: App) {
    this.app = app
  }

  /** Begins a turn with it, or lets it wait for the one that runs. */
  take(text: string, recorded: string): void {
    const { app, turn } = this
    if (!turn) this.begin([{ text, recorded }], false)
    else {
      this.queue.push({ text, recorded, duringTool: turn.isTool })
      app.journal({ kind: 'queue', text, id: app.id })
      app.kind.queued?.(app, recorded)
      app.redraw()
    }
  }

  private begin(sent: Sent[], wasQueued: boolean): void {
    const isTool = takeOnce('permission')
    const timer = isTool ? setTimeout(() => this.askPermission(), 20) : this.endInTime()
    this.turn = { sent, isTool, timer }
    this.busySince = Date.now()
    this.app.setStatus('busy')
    this.app.kind.begun?.(this.app)
    for (const { text, recorded } of sent) {
      this.app.journal({ kind: 'submit', text, id: this.app.id, wasQueued })
      this.app.say('user', text)
      this.app.kind.submitted(this.app, recorded, wasQueued)
      reportEnd(text, this.app.journal)
    }
    this.ticker ??= setInterval(() => {
      this.spinner++
      this.app.kind.ticked?.(this.app)
      this.app.redraw()
    }, SPINNER_MS)
  }

  /** Ends the turn when its time is over, which a test may make longer or shorter meanwhile. */
  private endInTime(): NodeJS.Timeout {
    const began = Date.now()
    return setInterval(() => {
      if (Date.now() - began >= (control().turnMs ?? TURN_MS)) this.end()
    }, CHECK_MS)
  }

  private askPermission(): void {
    this.app.setStatus('waiting')
    this.app.ask({
      about: 'permission',
      ...this.app.kind.permission,
      answer: choice => {
        if (choice === undefined || choice === this.app.kind.permission.choices.length - 1) this.interrupt()
        else if (this.turn) {
          this.app.setStatus('busy')
          this.turn.timer = this.endInTime()
        }
      },
    })
  }

  private end(): void {
    const { sent = [], timer } = this.turn ?? {}
    clearInterval(timer)
    const isLimited = takeOnce('rateLimit')
    const asked = sent.map(({ text }) => text.slice(0, 60).replaceAll('\n', ' '))
    const answer = isLimited ? this.app.kind.limitText : `Done: ${asked.join(', ')}`
    if (this.app.kind.injected) this.inject(this.app.kind.injected)
    this.turn = undefined
    this.app.say('agent', answer)
    this.app.say('done', '')
    this.app.kind.answered(this.app, answer, isLimited)
    const next = this.takeQueued()
    for (const { recorded } of next) this.app.kind.dequeued?.(this.app, recorded)
    if (next.length === 0) this.rest()
    else this.begin(next, true)
  }

  private takeQueued(): Sent[] {
    const { takesAllQueued, joinsQueued } = this.app.kind
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
      this.app.journal({ kind: 'submit', text: sent.text, id: this.app.id, wasQueued: true })
      this.app.say('user', sent.text)
      record(this.app, sent.recorded)
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
    this.app.journal({ kind: 'interrupt', text })
    this.app.composer.set([...texts, this.app.composer.text].filter(part => part !== '').join('\n'))
    this.app.say('note', 'Interrupted · What should I do instead?')
    this.app.kind.interrupted?.(this.app, text)
    this.rest()
  }

  private rest(): void {
    clearInterval(this.ticker)
    this.ticker = undefined
    this.app.setStatus('idle')
  }
}
