/** Commands with an exact target (`=name`, `$3`) for a person to paste into a shell; we never run them. */
import { shellLine } from '#lib/system/shell-word.ts'

export function attachCommand(server: string, target: string): string {
  return shellLine(['tmux', '-L', server, 'attach-session', '-t', target])
}

export function killCommand(server: string, target: string): string {
  return shellLine(['tmux', '-L', server, 'kill-session', '-t', target])
}

/** How a person reaches the session of a row. */
export function attachTo(server: string, name: string): string {
  // tmux takes `=$x` for a session's id.
  return attachCommand(server, name.startsWith('$') ? name : `=${name}`)
}
