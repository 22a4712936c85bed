/** Two runs of the same rows: what became slower, and what is only noise. */
import type { Row } from './row.ts'

export interface Compared {
  name: string
  before: number
  after: number
  /** In per cent; null where there was nothing before. */
  change: number | null
  verdict: 'slower' | 'faster' | 'same'
}

export const HOW_IT_IS_DECIDED = `a row's figure is its ratio to node -e 0 where it has one, else its
median. The noise of a run is how far its median lies above its fastest value, and at least 3 % of the figure (10 % of one
that was measured once). A row is slower where its figure grew by more than the noise of both runs together, and by more than
what never matters (0.05 of a ratio, 15 ms, 4 MiB, 0.05 % CPU, half a second), and its fastest value grew, too. Faster is the
same the other way round.`

/** What never matters, where a row has no ratio. */
const SLACK: Readonly<Record<Row['unit'], number>> = { ms: 15, 'CPU ms': 1, s: 0.5, MiB: 4, '%': 0.05, times: 0 }
const SLACK_OF_RATIO = 0.05

/** @param before rows that are not among these are left out. */
export function compare(before: readonly Row[], after: readonly Row[]): Compared[] {
  return after.flatMap(row => {
    const old = before.find(({ name }) => name === row.name)
    return old === undefined ? [] : [compared(old, row)]
  })
}

function compared(old: Row, now: Row): Compared {
  const [a, b] = [spread(old), spread(now)]
  const slack = now.ratio === null ? SLACK[now.unit] : SLACK_OF_RATIO
  const isBeyond = Math.abs(b.figure - a.figure) > Math.max(a.noise + b.noise, slack)
  const grew = b.figure > a.figure
  const fastestToo = grew ? b.min > a.min : b.min < a.min
  return {
    name: now.name,
    before: a.figure,
    after: b.figure,
    change: a.figure === 0 ? null : (b.figure / a.figure - 1) * 100,
    verdict: isBeyond && fastestToo ? (grew ? 'slower' : 'faster') : 'same',
  }
}

function spread({ median, min, ratio, runs }: Row): { figure: number; min: number; noise: number } {
  const scale = ratio === null || median === 0 ? 1 : ratio / median
  const least = median * (runs === 1 ? 0.1 : 0.03)
  return { figure: median * scale, min: min * scale, noise: Math.max(median - min, least) * scale }
}

export const HEAD = ['what', 'before', 'now', 'change', '']

export function cells({ name, before, after, change, verdict }: Compared): string[] {
  const rounded = Math.round(change ?? 0)
  const shown = change === null ? '' : rounded === 0 ? '0 %' : `${rounded > 0 ? '+' : ''}${rounded} %`
  return [name, before.toFixed(2), after.toFixed(2), shown, verdict === 'same' ? '' : verdict]
}
