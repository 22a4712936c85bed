/** The command lines of `hermes kanban`, as words behind `hermes` (seen with 0.20.0). Pure. An id has been through
 * `cardId`: it is never a flag. */

/** `--` ends the flags: the text is text, whatever it begins with. */
export function commentWords(id: string, text: string): string[] {
  return ['kanban', 'comment', '--', id, text]
}

export function showWords(id: string): string[] {
  return ['kanban', 'show', id, '--json']
}

export function heartbeatWords(id: string, note: string): string[] {
  return ['kanban', 'heartbeat', id, '--note', undashed(note)]
}

/** The reason directly after the id: with `--kind` before it Hermes leaves with 2, and behind a `--` there is no flag. */
export function blockWords(id: string, reason: string): string[] {
  return ['kanban', 'block', id, undashed(reason), '--kind', 'needs_input']
}

export function completeWords(id: string, summary: string): string[] {
  return ['kanban', 'complete', id, '--summary', undashed(summary)]
}

export interface NewCard {
  title: string
  body: string
  assignee: string
  /** Absolute. */
  workspace: string
  /** `8h`, `90m` … */
  maxRuntime: string
  idempotencyKey: string
  skill: string | undefined
  board: string | undefined
}

/** The title is positional; there is no flag for it. */
export function createWords(card: NewCard): string[] {
  return [
    'kanban',
    ...(card.board === undefined ? [] : ['--board', card.board]),
    'create',
    undashed(card.title),
    '--assignee',
    card.assignee,
    '--workspace',
    `dir:${card.workspace}`,
    '--max-runtime',
    card.maxRuntime,
    ...(card.skill === undefined ? [] : ['--skill', card.skill]),
    '--idempotency-key',
    card.idempotencyKey,
    '--body',
    undashed(card.body),
  ]
}

/** Where no `--` can stand before a text, it must not look like a flag. */
function undashed(text: string): string {
  return text.startsWith('-') ? `(${text})` : text
}
