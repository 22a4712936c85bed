import { basename, dirname } from 'node:path'
import type { Processes } from '#lib/system/processes.ts'
import { realPath } from '#lib/system/real-path.ts'
import type { Answer } from './identity.ts'

/** Does a tmux server live whose socket is (or was) this one, though nobody answers there? Told by the panes it would
 * have: tmux gives each the socket's path in `TMUX`. The expensive look, for rows that have nothing else to go by. */
export function hiddenServerAt(socketPath: string, processes: Processes): Answer {
  const all = processes.all()
  if (all === undefined || processes.environ === undefined) return 'unknown'
  const [folder, name] = [realPath(dirname(socketPath)), basename(socketPath)]
  const servers = new Set(all.filter(({ comm }) => comm.startsWith('tmux')).map(({ pid }) => pid))
  let answer: Answer = 'no'
  for (const { pid, ppid } of all) {
    if (!servers.has(ppid)) continue
    const env = processes.environ(pid)
    if (env === undefined) answer = processes.isGone(pid) ? answer : 'unknown'
    else {
      const socket = env['TMUX']?.split(',')[0]
      if (socket && basename(socket) === name && realPath(dirname(socket)) === folder) return 'yes'
    }
  }
  return answer
}
