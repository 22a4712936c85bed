/** The processes of a session: ours to end, because they stand below its panes, each known by pid and start. */
import type { Process, Processes } from '#lib/system/processes.ts'

const MAX_PROCESSES = 4096

/** The panes' processes and all below them, parents first; never this very process or what it started: an agent may end
 * its own session. */
export function treeOf(panePids: readonly number[], processes: Processes): Process[] {
  const found = new Map<number, Process>()
  const queue: Process[] = panePids.flatMap(pid => {
    const look = processes.look(pid)
    return look.state === 'present' ? [look.process] : []
  })
  for (let next = queue.shift(); next !== undefined && found.size < MAX_PROCESSES; next = queue.shift()) {
    if (found.has(next.pid) || next.pid === process.pid) continue
    found.set(next.pid, next)
    queue.push(...processes.children(next.pid))
  }
  return [...found.values()]
}

/** Those of them that still run, with what they started since. A pid that another process got is not among them. */
export function stillRunning(tree: readonly Process[], processes: Processes): Process[] {
  const alive = tree.filter(known => {
    const look = processes.look(known.pid)
    return look.state === 'present' && look.process.start === known.start
  })
  return treeOf([...new Set(alive.map(({ pid }) => pid))], processes)
}
