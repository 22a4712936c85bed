/** Rows that are measured together. */
import type { Measured } from './row.ts'

export interface Settings {
  /** How often a process is started. */
  runs: number
  /** The Node that runs what is measured. */
  node: string
  /** How long a monitor is watched that has nothing to do, and how many events it then gets. */
  idleSec: number
  events: number
}

export interface Group {
  names: readonly string[]
  /** @param wanted only these; a group may measure more. */
  measure(settings: Settings, wanted: ReadonlySet<string>): Promise<Measured[]>
}
