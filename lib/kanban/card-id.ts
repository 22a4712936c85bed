import { CodedError, EXIT } from '#lib/system/errors.ts'

/** Hermes makes `t_` and hexadecimal digits; other boards may have other ids. Never a flag, a path or several words. */
const CARD_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/

/** The card that `--card` names; `env` is the one this process works on, $HERMES_KANBAN_TASK. CodedError `usage`. */
export function cardId(flag: string, env: Record<string, string | undefined>): string {
  const isEnv = flag === 'env'
  const id = isEnv ? env['HERMES_KANBAN_TASK'] : flag
  if (!id)
    throw new CodedError(
      'usage',
      EXIT.broken,
      '--card env takes the card from $HERMES_KANBAN_TASK, which is not set',
      "Only commands of a Kanban worker's terminal have it. Elsewhere name the card: --card t_1a2b3c4d",
    )
  if (CARD_ID.test(id)) return id
  throw new CodedError(
    'usage',
    EXIT.broken,
    `${isEnv ? '$HERMES_KANBAN_TASK' : '--card'} takes a card's id, got ${JSON.stringify(id.slice(0, 80))}`,
    'An id begins with a letter or digit and holds letters, digits, `_`, `.` and `-`: --card t_1a2b3c4d',
  )
}
