/** Commands with an exact target (`=name`, `$3`) for a person to paste into a shell; we never run them. */

export function attachCommand(server: string, target: string): string {
  return `tmux -L ${shown(server)} attach-session -t ${shown(target)}`
}

export function killCommand(server: string, target: string): string {
  return `tmux -L ${shown(server)} kill-session -t ${shown(target)}`
}

/** A word as a shell reads it back. */
export function shown(word: string): string {
  return /^[A-Za-z0-9_./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** How a person reaches the session of a row. */
export function attachTo(server: string, name: string): string {
  // tmux takes `=$x` for a session's id.
  return attachCommand(server, name.startsWith('$') ? name : `=${name}`)
}
