/** The faults have ended: within ten seconds the registry must say what is so. */
import { end } from '../../../tests/harness/processes.ts'
import { tmux } from '../../../tests/harness/tmux.ts'
import { until } from '../../../tests/harness/until.ts'
import { killServer, release } from './harm.ts'
import { emit } from './jobs.ts'
import type { Lab } from './lab.ts'
import { keepMonitor } from './monitor.ts'
import { livesIn, startProgram } from './processes.ts'
import { isClosing, jobFile, problemsOf } from './truth.ts'
import type { Watcher } from './watcher.ts'

/** What the registry has to be true again. */
const CALM_MS = 10_000
/** Where a single pass takes longer than this then, the machine does something else: so many passes more, at that speed. */
const SLOW_PASS_MS = 1000
const MORE_PASSES = 20
/** It is tmux's matter, and no figure. */
const REACHABLE_MS = 60_000

/** The session of a job that has ended is closed when its agent rests, and at the latest after 30 s; three times that is for a
 * machine that is slow. */
const CLOSED_MS = 90_000

/** Ends the storm, and looks. Gives how many seconds it took, undefined where it never came true. `isLast`: sessions that are
 * still to be closed are waited for. */
export async function calm(lab: Lab, watcher: Watcher, isLast: boolean): Promise<number | undefined> {
  lab.say('calm')
  release(lab, true)
  await Promise.all([...lab.commands].map(({ left }) => left))
  await reachable(lab)
  await keepMonitor(lab)
  await tellEnds(lab)
  const began = performance.now()
  let trueAfter: number | undefined
  let [limitMs, isExtended] = [CALM_MS, false]
  for (;;) {
    const { rows } = watcher.last()
    const problems = problemsOf(lab, watcher.last())
    const took = (performance.now() - began) / 1000
    trueAfter = problems.length > 0 ? undefined : (trueAfter ?? took)
    const isClosed = ![...rows.values()].some(row => isClosing(lab, row)) || took * 1000 > CLOSED_MS
    if (trueAfter !== undefined && (isClosed || !isLast)) {
      lab.mayEnd.clear()
      lab.touched.clear()
      for (const [key, row] of rows)
        if (isLast && row.op !== undefined) lab.wrong(`${key} was to be closed, and is not after ${CLOSED_MS} ms`, '')
      return trueAfter
    }
    const isOver = (trueAfter === undefined && took * 1000 > limitMs) || lab.wish.signal.aborted
    if (isOver && (isExtended || lab.wish.signal.aborted)) {
      for (const problem of problems) lab.wrong(`${took.toFixed(0)} s after the faults: ${problem}`, '')
      return undefined
    }
    if (isOver) {
      const onePassMs = await passMs(lab)
      if (onePassMs > SLOW_PASS_MS) limitMs = took * 1000 + MORE_PASSES * onePassMs
      isExtended = true
    }
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

/** How long a pass that only looks takes here and now. */
async function passMs(lab: Lab): Promise<number> {
  const began = performance.now()
  await startProgram(lab.world, 'reconcile', ['--once', '--dry-run']).left
  return performance.now() - began
}

/** Every server that lives is at its socket again. */
async function reachable(lab: Lab): Promise<void> {
  await until(
    'all servers at their sockets',
    () => {
      oneServerEach(lab)
      const away = [...livesIn(lab.world).servers].filter(([pid, { name }]) => name !== '' && pidAt(lab, name) !== pid)
      for (const [pid] of away) end(pid, 'SIGUSR1')
      return away.length === 0
    },
    { timeoutMs: REACHABLE_MS, everyMs: 200 },
  )
}

/** Which server answers at this socket; 0 where none does. */
function pidAt(lab: Lab, server: string): number {
  try {
    return Number(tmux(lab.world, server, ['display-message', '-p', '#{pid}']))
  } catch {
    return 0
  }
}

/** While a socket was gone somebody may have started a second server in its place. Only one can be reached; the younger one
 * goes, as one more fault. */
function oneServerEach(lab: Lab): void {
  const { servers } = livesIn(lab.world)
  const oldest = new Map<string, number>()
  for (const [pid, { name, start }] of [...servers].sort(([, a], [, b]) => Number(a.start) - Number(b.start))) {
    // One in which nothing runs any more: nobody knows its name, and it is about to end.
    if (name === '') continue
    if (!oldest.has(name)) oldest.set(name, Number(start))
    else killServer(lab, pid, start)
  }
}

/** Ends that were reported and perhaps not heard are reported again, as an agent or a broker does. */
async function tellEnds(lab: Lab): Promise<void> {
  for (const job of lab.jobs.values()) {
    if (job.reported === undefined || jobFile(lab, job.id).state === job.reported) continue
    const done = await emit(lab, job)
    if (done.code !== 0 && !/job-ended/.test(done.stderr)) lab.wrong(`emit was refused`, done.stderr)
  }
}
