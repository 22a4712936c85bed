/** A captured screen (`capture-pane -e -p`) as an SVG: text that can be selected, in the colours that were on it. */

const [COLUMN, ROW, FONT, PADDING, BAR] = [8.4, 20, 14, 16, 34]
const INK = '#c9d1d9'
/** The colours of SGR 30 to 37. */
const COLOURS = ['#6e7681', '#ff7b72', '#3fb950', '#e3b341', '#58a6ff', '#d2a8ff', '#56d4dd', '#f0f6fc']
const DIM = '#8b949e'

interface Pen {
  colour: string | undefined
  bold: boolean
  dim: boolean
}

interface Piece extends Pen {
  column: number
  text: string
}

/** Empty lines at the end are left away.
 * @param title stands in the bar above it: what was typed. */
export function svgOf(screen: string, columns: number, title: string): string {
  const lines = screen.trimEnd().split('\n')
  const pen: Pen = { colour: undefined, bold: false, dim: false }
  const width = Math.round(columns * COLUMN + 2 * PADDING)
  const height = BAR + lines.length * ROW + 2 * PADDING
  const text = lines.flatMap((line, row) => piecesOf(line, pen).map(piece => element(piece, row)))
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>${escaped(title)}</title>
<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>
<path d="M0 ${BAR}V8a8 8 0 0 1 8-8h${width - 16}a8 8 0 0 1 8 8v${BAR - 8}z" fill="#161b22"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${FONT}" fill="${INK}" xml:space="preserve">
<text x="${PADDING}" y="22" fill="${DIM}">$ ${escaped(title)}</text>
${text.join('\n')}
</g>
</svg>
`
}

/** The words between wide gaps, each at its own column: so columns stand straight in any font. The pen moves on. */
function piecesOf(line: string, pen: Pen): Piece[] {
  const pieces: Piece[] = []
  let column = 0
  for (const [token, sgr] of line.matchAll(/\x1b\[([0-9;]*)m|\x1b\[[0-?]*[ -/]*[@-~]| +|(?:[^\x1b ]| (?! ))+/gu)) {
    if (sgr !== undefined) applySgr(sgr, pen)
    if (token.startsWith('\x1b')) continue
    if (token.trim() !== '') pieces.push({ ...pen, column, text: token })
    column += [...token].length
  }
  return pieces
}

function applySgr(parameters: string, pen: Pen): void {
  for (const code of parameters.split(';').map(Number)) {
    if (code === 0) Object.assign(pen, { colour: undefined, bold: false, dim: false })
    else if (code === 1) pen.bold = true
    else if (code === 2) pen.dim = true
    else if (code === 22) Object.assign(pen, { bold: false, dim: false })
    else if (code === 39) pen.colour = undefined
    else if (code >= 30 && code <= 37) pen.colour = COLOURS[code - 30]
    else if (code >= 90 && code <= 97) pen.colour = COLOURS[code - 90]
    // Not drawn wrongly without a word.
    else throw new Error(`the picture knows no SGR ${code}`)
  }
}

function element({ column, text, colour, bold, dim }: Piece, row: number): string {
  const fill = colour ?? (dim ? DIM : undefined)
  const attributes = [
    `x="${(PADDING + column * COLUMN).toFixed(1)}"`,
    `y="${BAR + PADDING + row * ROW + FONT}"`,
    `textLength="${([...text].length * COLUMN).toFixed(1)}"`,
    ...(fill === undefined ? [] : [`fill="${fill}"`]),
    ...(bold ? ['font-weight="bold"'] : []),
  ]
  return `<text ${attributes.join(' ')}>${escaped(text)}</text>`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
