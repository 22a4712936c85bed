/** The pane: raw mode, bracketed paste, a screen drawn whole whenever something changed. */
import { control } from './control.ts'
import { type Key, keyReader } from './keys.ts'

export interface Size {
  columns: number
  rows: number
}

export interface Terminal {
  /** Draws soon, once for all that changed meanwhile. */
  redraw(): void
  title(text: string): void
  /** Gives the terminal back, prints the last words. */
  close(words: string): void
}

interface Options {
  /** Draws on the alternate screen. */
  alternate: boolean
  draw(size: Size): string[]
  take(key: Key): void
  /** The terminal went away. */
  gone(): void
}

export function openTerminal({ alternate, draw, take, gone }: Options): Terminal {
  const { stdin, stdout } = process
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  // A terminal that went away must not end a stand-in that is told to survive that.
  const lost = () => gone()
  stdin.on('error', lost).on('end', lost)
  stdout.on('error', () => undefined)
  const write = (text: string) => {
    if (!isClosed && stdout.writable) stdout.write(text)
  }

  const show = () => {
    timer = undefined
    const size = { columns: stdout.columns || 80, rows: stdout.rows || 24 }
    const lines = draw(size).slice(-size.rows)
    // No wrapping at the margin: a width misjudged must not move the lines below.
    write(`\x1b[?25l\x1b[?7l\x1b[H${lines.map(line => `\x1b[0m\x1b[2K${line}`).join('\r\n')}\x1b[0m\x1b[J\x1b[?7h`)
  }
  const redraw = () => {
    timer ??= setTimeout(show, control().redrawMs ?? 5)
  }

  stdin.setRawMode(true)
  write(`${alternate ? '\x1b[?1049h' : '\x1b[2J\x1b[H'}\x1b[?2004h`)
  stdin.on('data', keyReader(take))
  stdout.on('resize', redraw)
  return {
    redraw,
    title: text => write(`\x1b]0;${text}\x07`),
    close(words) {
      if (isClosed) return
      clearTimeout(timer)
      write(`\x1b[?2004l\x1b[?25h${alternate ? '\x1b[?1049l' : '\r\n'}${words.replaceAll('\n', '\r\n')}`)
      isClosed = true
      try {
        stdin.setRawMode(false)
      } catch (error) {
        // The pane is gone already (EIO), and its modes with it.
        if (!(error instanceof Error)) throw error
      }
    },
  }
}
