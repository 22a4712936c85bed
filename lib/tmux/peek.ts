import { randomUUID } from 'node:crypto'
import type { Tmux } from './exec.ts'

/** One pane, as its server tells it at one moment. */
export interface PaneSight {
  /** Its program runs; false where `remain-on-exit` keeps a dead pane on show. */
  alive: boolean
  dead: boolean
  /** Of a dead pane, one of the two; both null in the moment right after its death, and while it lives. */
  deadStatus: number | null
  deadSignal: number | null
  panePid: number
  sessionId: string
  serverPid: number
  title: string
  cwd: string
  /** A mode of tmux (copy mode, a tree) stands over the pane and takes its keys. */
  inMode: boolean
  /** Keys sent to this pane go to others of its window too. */
  synchronized: boolean
  /** tmux lets no key through to it (`select-pane -d`). */
  inputOff: boolean
  width: number
  height: number
  /** The visible screen with its attributes (`capture-pane -p -e`); what a mode shows over it is not in it. */
  screen: string
}

const NUMBERS = [
  'pid',
  'pane_id',
  'pane_pid',
  'pane_dead',
  'pane_dead_status',
  'pane_dead_signal',
  'session_id',
  'pane_in_mode',
  'pane_synchronized',
  'pane_input_off',
  'pane_width',
  'pane_height',
]

/** Looks at one pane in one call. `gone`: its server answered, and has no such pane. `unknown`: anything else, a server
 * that does not answer included. */
export async function peekPane(
  tmux: Tmux,
  server: string,
  paneId: string,
  timeoutMs?: number,
): Promise<PaneSight | 'gone' | 'unknown'> {
  // No title and no folder can hold it.
  const cut = `cut-${randomUUID()}`
  const format = `${NUMBERS.map(field => `#{${field}}`).join(',')}${cut}#{pane_title}${cut}#{pane_current_path}${cut}`
  const result = await tmux(
    server,
    ['display-message', '-p', '-t', paneId, format, ';', 'capture-pane', '-p', '-e', '-t', paneId],
    timeoutMs === undefined ? {} : { timeoutMs },
  )
  if (result.kind !== 'exit') return 'unknown'
  const [numbers = '', title, cwd, screen] = result.stdout.toString().split(cut)
  const facts = new Map(numbers.split(',').map((value, i) => [NUMBERS[i], value]))
  const serverPid = Number(facts.get('pid'))
  if (title === undefined || cwd === undefined || screen === undefined || !serverPid) return 'unknown'
  // display-message exits 0 on a pane that is not there, and leaves its fields empty.
  if (facts.get('pane_id') === '') return 'gone'
  const panePid = Number(facts.get('pane_pid'))
  if (result.code !== 0 || facts.get('pane_id') !== paneId || !panePid) return 'unknown'
  const dead = facts.get('pane_dead') === '1'
  return {
    alive: !dead,
    dead,
    deadStatus: numberOf(facts.get('pane_dead_status')),
    deadSignal: numberOf(facts.get('pane_dead_signal')),
    panePid,
    sessionId: facts.get('session_id') ?? '',
    serverPid,
    title,
    cwd,
    inMode: facts.get('pane_in_mode') !== '0',
    synchronized: facts.get('pane_synchronized') === '1',
    inputOff: facts.get('pane_input_off') === '1',
    width: Number(facts.get('pane_width')),
    height: Number(facts.get('pane_height')),
    screen: screen.replace(/^\n/, ''),
  }
}

function numberOf(field: string | undefined): number | null {
  return field === undefined || !/^\d+$/.test(field) ? null : Number(field)
}
