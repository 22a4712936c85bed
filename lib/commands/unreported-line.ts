import { visible } from './visible.ts'

export interface Unreported {
  id: string
  session: { name: string; server: string }
  state: string
  since: string
}

/** What is so, and what can be done about it, in one line. @param isShown below that job's own account. */
export function unreportedLine({ id, session, state, since }: Unreported, isShown = false): string {
  const name = visible(session.server === 'default' ? session.name : `${session.server}:${session.name}`)
  const at = `${since.slice(0, 19)}Z`
  return (
    `job ${visible(id)} is ${state}, but its agent in ${name} is idle and has not reported since ${at}. ` +
    `Look: \`agent-sessions attach ${name}\`${isShown ? '' : `, \`agent-sessions delegate-job show ${visible(id)}\``}. ` +
    'If no report will come: `delegate-job cancel`, then `retry`.'
  )
}
