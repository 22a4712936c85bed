/** What a create answers. */
import { attachTo } from '#lib/reconcile/shown-command.ts'
import { serverOf } from '#lib/registry/rows.ts'
import type { Claim } from './claim-row.ts'
import type { Tools } from './context.ts'
import type { CreateWish } from './create.ts'
import type { Delivery } from './deliver.ts'

export interface Created {
  created: boolean
  name: string
  server: string
  agent: string
  folder: string
  pane: string | null
  pane_pid: number | null
  /** The conversation's id, where it is known already. */
  id: string | null
  state: string | null
  detail: string | null
  attach: string | null
  prompt: Delivery | null
  warnings: string[]
}

/** Of many who create the same session with the same prompt only one may send it. */
const NOT_SENT: Delivery = {
  outcome: 'refused',
  why: 'the session ran already; nothing was sent to it',
  proof: null,
  cleaned: false,
}

export function alreadyRunning(
  { name, sight }: Extract<Claim, { kind: 'running' }>,
  wish: CreateWish,
  tools: Tools,
): Created {
  const { agent, row, adapter } = sight
  const recorded = row[(adapter ?? tools.adapter).idField]
  return {
    ...nothingYet(name, wish),
    created: false,
    agent: adapter?.name ?? wish.agent,
    folder: row.folder ?? row.pane?.cwd ?? wish.folder,
    pane: agent?.pane.id ?? null,
    pane_pid: agent?.pane.pid ?? null,
    id: typeof recorded === 'string' ? recorded : agent?.id.kind === 'id' ? agent.id.evidence.id : null,
    state: agent?.state?.state ?? 'unknown',
    detail: agent?.state?.detail ?? null,
    attach: attachTo(serverOf(row), row.name),
    prompt: wish.prompt === undefined ? null : NOT_SENT,
  }
}

export function nothingYet(name: string, wish: CreateWish): Created {
  return {
    created: false,
    name,
    server: wish.server,
    agent: wish.agent,
    folder: wish.folder,
    pane: null,
    pane_pid: null,
    id: null,
    state: null,
    detail: null,
    attach: null,
    prompt: null,
    warnings: [],
  }
}
