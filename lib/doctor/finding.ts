/** What the doctor says of one thing. */
export interface Finding {
  /** What was looked at: `tmux`, `agent claude`, `registry` … */
  check: string
  /** `none`: it is not there, and need not be. `warning`: it works, with a limit. `bad`: something will not work. `unknown`:
   * it could not be told. */
  state: 'good' | 'none' | 'warning' | 'bad' | 'unknown'
  text: string
  /** What to do; null where there is nothing to be done. */
  remedy: string | null
}

/** @param remedy for what is not good. */
export function finding(check: string, state: Finding['state'], text: string, remedy: string | null = null): Finding {
  return { check, state, text, remedy }
}
