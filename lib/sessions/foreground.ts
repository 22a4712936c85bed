import { readFileSync } from 'node:fs'

/** Does this process have its terminal, or has somebody else (a shell, after Ctrl-Z)? `unknown` where the kernel does not
 * say: no /proc, no terminal. */
export function isInForeground(pid: number): 'yes' | 'no' | 'unknown' {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return 'unknown'
  }
  // The name stands in brackets and may hold anything. Behind it: state, ppid, pgrp, session, tty, tpgid.
  const [state, , group, , , holder] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (state === 'T' || state === 't') return 'no'
  if (group === undefined || holder === undefined || Number(holder) <= 0) return 'unknown'
  return group === holder ? 'yes' : 'no'
}
