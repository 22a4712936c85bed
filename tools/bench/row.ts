/** What was measured, and how it stands to what is asked. */

export interface Measured {
  name: string
  unit: 'ms' | 'CPU ms' | 's' | 'MiB' | '%' | 'times'
  /** One for each run. */
  values: readonly number[]
  /** What is told and judged; the median of the values where it is left out. */
  figure?: number
  /** It takes longer on a slower machine: told, judged and compared as so many times `node -e 0`. */
  isOfSpeed?: boolean
}

export interface Row {
  name: string
  unit: Measured['unit']
  runs: number
  median: number
  min: number
  max: number
  /** To the median of `node -e 0` in the same run. */
  ratio: number | null
  /** The most that is asked for: of the ratio where there is one, else of the median. */
  asked: number | null
  verdict: 'ok' | 'OVER' | null
}

/** The most that a row may be. */
const ASKED: Readonly<Record<string, number>> = {
  'reconcile --dry-run, 10 rows': 2.6,
  'reconcile --dry-run, 100 rows': 4,
  'reconcile --dry-run, 1,000 rows': 9,
  'reconcile --dry-run, 1,000 strays': 7,
  'status, 10 rows': 2.6,
  'status, 100 rows': 4,
  'status --json, 10 rows': 2.6,
  'status --json, 100 rows': 4,
  'emit, embedded broker': 5,
  'emit, Mosquitto': 5,
  'event to registry, 100 rows, embedded broker: p99': 100,
  'event to registry, 100 rows, Mosquitto: p99': 100,
  'event to registry, 1,000 rows, embedded broker: p99': 500,
  'event to registry, 1,000 rows, Mosquitto: p99': 500,
  '1,000 ends at once, embedded broker: writes': 60,
  '1,000 ends at once, Mosquitto: writes': 60,
  'idle monitor, embedded broker: CPU': 0.2,
  'idle monitor, Mosquitto: CPU': 0.2,
  'idle monitor, embedded broker: memory': 90,
  'idle monitor, Mosquitto: memory': 90,
  'peak memory, dry run, 1,000 rows': 120,
  'peak memory, one row changes, 1,000 rows': 260,
}

export const NODE = 'node -e 0'

export function rowOf({ name, unit, values, figure, isOfSpeed }: Measured, nodeMs: number): Row {
  const middle = figure ?? median(values)
  const ratio = isOfSpeed === true ? middle / nodeMs : null
  const asked = ASKED[name] ?? null
  const verdict = asked === null ? null : (ratio ?? middle) <= asked ? 'ok' : 'OVER'
  const ends = { min: Math.min(...values), max: Math.max(...values) }
  return { name, unit, runs: values.length, median: middle, ...ends, ratio, asked, verdict }
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

export const HEAD = ['what', 'median', 'min–max', `× ${NODE}`, 'asked', '']

export function cells({ name, unit, median, min, max, ratio, asked, verdict }: Row): string[] {
  const most = asked === null ? '' : `≤ ${asked}${ratio === null ? unitText(unit) : ' ×'}`
  const span = min === max ? '' : `${digits(min)}–${digits(max)}`
  return [name, `${digits(median)}${unitText(unit)}`, span, ratio?.toFixed(2) ?? '', most, verdict ?? '']
}

const unitText = (unit: Measured['unit']): string => (unit === 'times' ? '' : ` ${unit}`)

function digits(value: number): string {
  return Number.isInteger(value) || value >= 1000 ? value.toFixed(0) : value.toFixed(value < 1 ? 2 : 1)
}
