/** What a monitor with ears says. */
import type { FollowListener, JobNews } from '#lib/delegate/follow.ts'
import type { Say } from './monitor-say.ts'
import { failuresOnce } from './passes.ts'
import { note } from './run.ts'
import { visible } from './visible.ts'

/** A stranger who floods the broker must not fill our log: one line for each reason so often. */
const REFUSED_EVERY_MS = 10_000
const MAX_REASONS = 100

export interface Teller extends FollowListener {
  onJobTrouble(error: unknown): void
}

/** Lines for people, JSON lines for programs; failures and refusals on standard error, each once.
 * @param hear gets each job's news, too. */
export function subscribeTeller(json: boolean, say: Say, hear?: (news: JobNews) => void): Teller {
  const failures = new Map<string, ReturnType<typeof failuresOnce>>()
  const trouble = (what: string, error: unknown) => {
    const known = failures.get(what) ?? failuresOnce(json)
    failures.set(what, known)
    known.tell(error)
  }
  const refused = new Map<string, { count: number; toldMs: number }>()
  return {
    onJob(news) {
      hear?.(news)
      return say({ kind: 'job', ...shown(news) }, jobLine(news))
    },
    onBus: (state, why) => say({ kind: 'bus', state, why }, `broker: ${state}: ${visible(why)}`),
    onRefused(why) {
      const now = performance.now()
      if (refused.size > MAX_REASONS) refused.clear()
      const known = refused.get(why) ?? { count: 0, toldMs: Number.NEGATIVE_INFINITY }
      refused.set(why, known)
      known.count++
      if (now - known.toldMs < REFUSED_EVERY_MS) return
      known.toldMs = now
      const { count } = known
      known.count = 0
      if (json) say({ kind: 'refused', why, count }, '')
      else note(`reconcile: ${count === 1 ? 'a message' : `${count} messages`} changed nothing: ${why}`)
    },
    onTrouble: trouble,
    onJobTrouble: error => trouble('jobs', error),
  }
}

function shown({ job, ...news }: JobNews): Record<string, unknown> {
  return { job_id: job, ...news }
}

function jobLine({ job, state, event, session, summary, actions, detail }: JobNews): string {
  const said = summary ? ` (${visible(summary.slice(0, 120))})` : ''
  const what = event === undefined ? state : event === state ? state : `${event}, ${state}`
  const done = actions.length === 0 ? '' : `; ${actions.map(visible).join(', ')}`
  return `job ${job} of ${visible(session)}: ${what}${said}${done}${detail === undefined ? '' : `; ${visible(detail)}`}`
}
