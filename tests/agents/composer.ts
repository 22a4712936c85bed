/** The input line. The cursor stays at the end: whatever comes is appended to what a human left there. */

interface Piece {
  shown: string
  text: string
  isPasted?: boolean
}

/** What stands on the screen for a long paste; undefined for one that is shown as it is. */
export type Fold = (text: string, number: number) => string | undefined

export class Composer {
  private pieces: Piece[] = []
  private pastes = 0
  /** When the last paste came, in milliseconds since the epoch. */
  pastedAt = 0
  /** The completion popup was closed for this text. */
  private settled: string | undefined

  /** As it would be sent. */
  get text(): string {
    return this.pieces.map(piece => piece.text).join('')
  }

  /** As it is shown. */
  get shown(): string {
    return this.pieces.map(piece => piece.shown).join('')
  }

  /** As it would be recorded, where folded pastes are wrapped into something. */
  wrapped(wrap: (paste: string) => string): string {
    return this.pieces.map(({ shown, text }) => (shown === text ? text : wrap(text))).join('')
  }

  type(text: string): void {
    this.pieces.push({ shown: text, text })
  }

  paste(text: string, fold: Fold): void {
    const folded = fold(text, this.pastes + 1)
    if (folded !== undefined) this.pastes++
    this.pieces.push({ shown: folded ?? text, text, isPasted: true })
    this.pastedAt = Date.now()
  }

  /** Takes the last character, or a folded paste as one. */
  backspace(): void {
    const last = this.pieces.pop()
    if (!last || last.shown !== last.text) return
    const rest = [...last.text].slice(0, -1).join('')
    if (rest !== '') this.pieces.push({ shown: rest, text: rest })
  }

  set(text: string): void {
    this.pieces = text === '' ? [] : [{ shown: text, text }]
  }

  /** Does the text end so that completions are offered, and were they not closed for this text? */
  isCompleting(pattern: RegExp): boolean {
    return this.shown !== this.settled && pattern.test(this.shown)
  }

  /** Did the last of it come by a paste? */
  get endsPasted(): boolean {
    return this.pieces.at(-1)?.isPasted === true
  }

  settle(): void {
    this.settled = this.shown
  }
}
