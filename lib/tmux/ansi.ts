import type { ScreenLine } from '#lib/agents/drive/types.ts'

// What `capture-pane -p -e` prints besides text: SGR, OSC 8 links, and shifts in and out of line drawing.
const TOKEN =
  /\x1b\[(?<sgr>[0-9;:]*)m|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]|(?<shift>[\x0e\x0f])|[\x00-\x09\x0b-\x1f\x7f]/g

/** VT100 line drawing: the letters behind a shift out. */
const LINE_DRAWING: Record<string, string> = {
  j: '┘',
  k: '┐',
  l: '┌',
  m: '└',
  n: '┼',
  q: '─',
  t: '├',
  u: '┤',
  v: '┴',
  w: '┬',
  x: '│',
  '~': '·',
}

interface Pen {
  dim: boolean
  reverse: boolean
  drawing: boolean
}

interface Run {
  text: string
  dim: boolean
  reverse: boolean
}

/** The lines of a captured screen (`capture-pane -p -e`), without its escapes. In `bright`, which is as long as `text`
 * (same indices, so either may be cut by the other), dim characters are spaces: hints and suggestions are drawn dim. */
export function screenLines(ansi: string): ScreenLine[] {
  // The attributes of a line's end hold at the start of the next: tmux prints only what changes.
  const pen: Pen = { dim: false, reverse: false, drawing: false }
  const lines = ansi.replace(/\n$/, '').split('\n')
  return lines.map(line => screenLine(runsOf(line.replace(/\r$/, ''), pen)))
}

function screenLine(runs: Run[]): ScreenLine {
  const hidden = runs.map((run, i) => run.dim || isCursorOnHint(run, runs[i + 1]))
  return {
    text: runs.map(run => run.text).join(''),
    bright: runs.map((run, i) => (hidden[i] ? ' '.repeat(run.text.length) : run.text)).join(''),
  }
}

/** A program that draws its own cursor does so over the first character of the hint, which then is not dim. */
function isCursorOnHint(run: Run, next: Run | undefined): boolean {
  return run.reverse && [...run.text].length === 1 && next?.dim === true && next.text.trim() !== ''
}

/** Pieces of a line with the same attributes. The pen moves on. */
function runsOf(line: string, pen: Pen): Run[] {
  const runs: Run[] = []
  const add = (text: string) => {
    if (text === '') return
    const shown = pen.drawing ? text.replace(/./g, letter => LINE_DRAWING[letter] ?? letter) : text
    const last = runs.at(-1)
    if (last && last.dim === pen.dim && last.reverse === pen.reverse) last.text += shown
    else runs.push({ text: shown, dim: pen.dim, reverse: pen.reverse })
  }
  let from = 0
  for (const token of line.matchAll(TOKEN)) {
    add(line.slice(from, token.index))
    from = token.index + token[0].length
    const { sgr, shift } = token.groups ?? {}
    if (sgr !== undefined) applySgr(sgr, pen)
    else if (shift !== undefined) pen.drawing = shift === '\x0e'
  }
  add(line.slice(from))
  return runs
}

function applySgr(parameters: string, pen: Pen): void {
  const codes = parameters.split(';')
  for (let i = 0; i < codes.length; i++) {
    // `4:3`, `38:2::1:2:3`: what stands behind a colon belongs to its code.
    const [code = '', ...sub] = (codes[i] ?? '').split(':')
    switch (Number(code)) {
      case 0:
        pen.dim = false
        pen.reverse = false
        break
      case 2:
        pen.dim = true
        break
      case 22:
        pen.dim = false
        break
      case 7:
        pen.reverse = true
        break
      case 27:
        pen.reverse = false
        break
      case 38:
      case 48:
      case 58:
        // `38;5;2` and `38;2;2;2;2` are colours: their numbers are no attributes.
        if (sub.length === 0) i += codes[i + 1] === '5' ? 2 : codes[i + 1] === '2' ? 4 : 0
        break
    }
  }
}
