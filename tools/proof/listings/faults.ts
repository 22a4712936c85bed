/** What goes wrong in one pass, by the model's own random numbers. */
import { pick } from '../texts.ts'
import { type AnswerFault, LYING, MUTE } from './answers.ts'
import type { Model, ModelServer, ModelSession } from './model.ts'
import type { ModelRow } from './rows.ts'

export interface Faults {
  /** By server. */
  answers: Map<string, AnswerFault>
  /** Servers that answer in the place of others. */
  inFront: Map<string, ModelServer>
  /** Sessions that the first look does not list. */
  missing: Set<ModelSession>
  /** Seconds by which the clock is set while a pass waits. */
  clockBetween: number
  hidesBootId: boolean
  hidesAll: boolean
  hidden(pid: number): boolean
  /** All of it, for the count and for the report. */
  told: string[]
}

export const calm = (): Faults => ({
  answers: new Map(),
  inFront: new Map(),
  missing: new Set(),
  clockBetween: 0,
  hidesBootId: false,
  hidesAll: false,
  hidden: () => false,
  told: [],
})

const JUMPS = [-86_400, -3600, 3600, 86_400]

/** What stands on record of a running row whose session lives. */
export type Running = ModelRow & { session: ModelSession; server: ModelServer }

/** @param names servers that are asked. @param running rows that the file says run, all of them. */
export function makeFaults(model: Model, names: readonly string[], rows: readonly ModelRow[], running: number): Faults {
  const { random } = model
  const faults = calm()
  const living = rows.filter((row): row is Running => row.session?.lives === true && row.server !== undefined)
  for (const name of names) {
    if (random() < 0.05) continue
    const wanted = random() < 0.5 ? pick(random, MUTE) : random() < 0.6 ? pick(random, LYING) : 'half missing at first'
    const own = living.filter(({ server }) => server.name === name)
    const fault = apply(model, faults, wanted, name, own, rows, running) ? wanted : pick(random, MUTE)
    faults.answers.set(name, fault)
    faults.told.push(fault)
  }
  const tell = (chance: number, what: string, does: () => void) => {
    if (random() >= chance) return
    does()
    faults.told.push(what)
  }
  tell(0.1, 'clock set', () => model.setClock(pick(random, JUMPS)))
  tell(
    faults.missing.size > 0 ? 0.5 : 0.02,
    'clock set between looks',
    () => (faults.clockBetween = pick(random, JUMPS)),
  )
  tell(0.1, 'boot id hidden', () => (faults.hidesBootId = true))
  tell(0.1, 'processes hidden', () => {
    faults.hidesAll = true
    faults.hidden = () => true
  })
  tell(0.1, 'some processes hidden', () => {
    const odd = Math.floor(random() * 3)
    faults.hidden = pid => pid % 3 === odd
  })
  return faults
}

/** False where the fault cannot be had here, or where nobody could tell it from the truth. */
function apply(
  model: Model,
  faults: Faults,
  fault: AnswerFault,
  name: string,
  own: readonly Running[],
  rows: readonly ModelRow[],
  running: number,
): boolean {
  if (fault === 'half missing at first') {
    // The second look guards against more than half of at least five: fewer are a server's sure answer.
    const shown = model.serverNamed(name)?.sessions
    const listed = own.filter(
      ({ row, session }) =>
        row.status === 'running' && !row.op && shown?.includes(session) && session.name === row.name,
    )
    // Those without an identity may be unknown instead of gone: they are missing beside enough of the others.
    const sure = listed.filter(({ knowledge }) => knowledge === 'full')
    const least = Math.floor(running / 2) + 1
    if (running < 5 || sure.length < least) return false
    const more = listed.filter(() => model.random() < 0.5)
    for (const { session } of [...sure.slice(0, least), ...more]) faults.missing.add(session)
    return true
  }
  if (!/another|empty/.test(fault)) return true
  // Of a row that knows no process, the server that answers by its name is all there is to ask.
  if (own.some(({ knowledge }) => knowledge === 'name')) return false
  const folder = fault === 'another TMUX_TMPDIR' ? '/run/user/1000/tmux-1000' : '/tmp/tmux-1000'
  const server = model.server(name, folder)
  if (fault !== 'empty server at the socket') {
    // Few are such that a pass would write something for them: what costs time here is writing.
    const names = rows.filter(row => row.row.tmux_server === name && model.random() < 0.1).map(({ row }) => row.name)
    const stray = model.random() < 0.05 ? ['lab-creator-claude'] : []
    for (const taken of new Set(['somebody', ...names, ...stray])) model.session(server, taken)
  }
  faults.inFront.set(name, server)
  return true
}
