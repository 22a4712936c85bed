/** What a terminal sends, as a program in raw mode with bracketed paste sees it. */
import { StringDecoder } from 'node:string_decoder'

export type Key =
  | { kind: 'text'; text: string }
  | { kind: 'paste'; text: string }
  | {
      kind:
        | 'enter'
        | 'newline'
        | 'esc'
        | 'up'
        | 'down'
        | 'left'
        | 'right'
        | 'backspace'
        | 'tab'
        | 'ctrl-c'
        | 'ctrl-d'
        | 'clear line'
    }

const PASTE = '\x1b[200~'
const PASTE_END = '\x1b[201~'
/** Nobody types the rest of a sequence this slowly: then it was the key Esc. */
const ESC_MS = 50
const SEQUENCE = /^\x1b(?:\[[0-9;:?<>=]*[ -/]*[@-~]|O[@-~]|\r)/
const SEQUENCES: Record<string, Key> = {
  '\x1b[A': { kind: 'up' },
  '\x1bOA': { kind: 'up' },
  '\x1b[B': { kind: 'down' },
  '\x1bOB': { kind: 'down' },
  '\x1b[C': { kind: 'right' },
  '\x1b[D': { kind: 'left' },
  '\x1b\r': { kind: 'newline' },
}
const CONTROLS: Record<string, Key> = {
  '\r': { kind: 'enter' },
  '\n': { kind: 'newline' },
  '\t': { kind: 'tab' },
  '\x03': { kind: 'ctrl-c' },
  '\x04': { kind: 'ctrl-d' },
  '\x08': { kind: 'backspace' },
  '\x15': { kind: 'clear line' },
  '\x7f': { kind: 'backspace' },
}

/** Calls `take` for each key, whatever pieces the bytes come in. */
export function keyReader(take: (key: Key) => void): (bytes: Buffer) => void {
  const decoder = new StringDecoder('utf8')
  let pending = ''
  let pasted: string[] | undefined
  let timer: NodeJS.Timeout | undefined
  let late: NodeJS.Immediate | undefined

  const readPaste = (pieces: string[]): boolean => {
    const end = pending.indexOf(PASTE_END)
    if (end < 0) {
      // The end mark may come in two pieces.
      const safe = Math.max(0, pending.length - PASTE_END.length)
      pieces.push(pending.slice(0, safe))
      pending = pending.slice(safe)
      return false
    }
    pieces.push(pending.slice(0, end))
    pending = pending.slice(end + PASTE_END.length)
    pasted = undefined
    take({ kind: 'paste', text: pieces.join('').replaceAll(/\r\n?/g, '\n') })
    return true
  }

  const readKey = (isWhole: boolean): boolean => {
    const first = pending[0] as string
    if (first === '\x1b') {
      const sequence = SEQUENCE.exec(pending)?.[0]
      if (sequence === undefined && !isWhole) return false
      pending = pending.slice(sequence?.length ?? 1)
      if (sequence === PASTE) pasted = []
      else if (sequence === undefined) take({ kind: 'esc' })
      else if (SEQUENCES[sequence]) take(SEQUENCES[sequence])
      return true
    }
    const text = /^[^\x00-\x1f\x7f]+/.exec(pending)?.[0]
    pending = pending.slice(text?.length ?? 1)
    const control = CONTROLS[first]
    if (text !== undefined) take({ kind: 'text', text })
    else if (control) take(control)
    return true
  }

  const read = (isWhole: boolean) => {
    while (pending !== '') if (!(pasted ? readPaste(pasted) : readKey(isWhole))) break
  }
  return bytes => {
    clearTimeout(timer)
    clearImmediate(late)
    pending += decoder.write(bytes)
    read(false)
    // Of a program that was held the timer is over before it has read what has come meanwhile.
    const lastCall = () => {
      late = setImmediate(() => read(true))
    }
    if (pending.startsWith('\x1b') && !pasted) timer = setTimeout(lastCall, ESC_MS)
  }
}
