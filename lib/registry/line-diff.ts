/** Beyond this many compared pairs of lines the differing part is told as a whole (two parts of 2,000 lines each). */
const MAX_PAIRS = 4_000_000
const CONTEXT = 2

/** What changes from one text to the other, as lines that begin with `-`, `+` or a space, under heads that name the
 * line in the old text. [] when they are the same. A part too large to compare is told as all out and all in. */
export function lineDiff(before: string, after: string): string[] {
  if (before === after) return []
  const a = before.split('\n')
  const b = after.split('\n')
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head++
  let tail = 0
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++
  const middle = editsOf(a.slice(head, a.length - tail), b.slice(head, b.length - tail))
  return withHeads(
    [
      ...a.slice(Math.max(0, head - CONTEXT), head).map(text => ` ${text}`),
      ...middle,
      ...a.slice(a.length - tail, a.length - tail + CONTEXT).map(text => ` ${text}`),
    ],
    Math.max(0, head - CONTEXT),
  )
}

/** Shortest edit by longest common subsequence. */
function editsOf(a: string[], b: string[]): string[] {
  const out = (text: string) => `-${text}`
  const into = (text: string) => `+${text}`
  if (a.length * b.length > MAX_PAIRS) return [...a.map(out), ...b.map(into)]
  const width = b.length + 1
  const common = new Uint32Array((a.length + 1) * width)
  const at = (i: number, j: number) => common[i * width + j] ?? 0
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      common[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
  const edits: string[] = []
  let j = 0
  a.forEach((text, i) => {
    while (j < b.length && text !== b[j] && at(i, j + 1) > at(i + 1, j)) edits.push(into(b[j++] ?? ''))
    if (j < b.length && text === b[j]) {
      edits.push(` ${text}`)
      j++
    } else edits.push(out(text))
  })
  return [...edits, ...b.slice(j).map(into)]
}

/** Leaves out what is the same on both sides, but for a few lines around each change. `first`: lines before these. */
function withHeads(edits: string[], first: number): string[] {
  const isNear = edits.map((_, i) =>
    edits.slice(Math.max(0, i - CONTEXT), i + CONTEXT + 1).some(edit => !edit.startsWith(' ')),
  )
  const shown: string[] = []
  let line = first
  edits.forEach((edit, i) => {
    if (isNear[i] && !isNear[i - 1]) shown.push(`@@ line ${line + 1}`)
    if (isNear[i]) shown.push(edit)
    if (!edit.startsWith('+')) line++
  })
  return shown
}
