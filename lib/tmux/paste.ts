import { randomUUID } from 'node:crypto'
import type { Tmux } from './exec.ts'

/** The pane that is meant: its id, the process it must still run and the server's own process. */
export interface PaneGuard {
  paneId: string
  panePid: number
  serverPid: number
}

/** `sent`: tmux wrote it to the pane. The others say why nothing was sent: there is no such pane; it is dead; another
 * process or server has its place; a mode of tmux would take the keys; other panes would get them too; the pane takes
 * none. `unknown`: tmux did not answer, so it may have been sent. */
export type Sending = 'sent' | 'gone' | 'dead' | 'replaced' | 'mode' | 'synchronized' | 'input off' | 'unknown'

/** Pastes a text, framed where the program asked for it, in one call: load, compare and paste happen in the server, so a
 * pane that was respawned in between gets nothing, and no buffer stays behind. The text must have been through
 * `cleanPrompt`. */
export async function pasteInto(tmux: Tmux, server: string, pane: PaneGuard, text: string): Promise<Sending> {
  const buffer = `agent-sessions-${randomUUID()}`
  const paste = `paste-buffer -d -p -r -b ${buffer} -t ${target(pane)}`
  const before = ['load-buffer', '-b', buffer, '-', ';']
  const sending = await guarded(tmux, server, pane, paste, {
    before,
    otherwise: `delete-buffer -b ${buffer}`,
    input: text,
  })
  // Ended by our own bound between the two steps: the buffer may be there. Only then is a second call made.
  if (sending === 'unknown') await tmux(server, ['delete-buffer', '-b', buffer])
  return sending
}

/** Presses keys by tmux's names for them (`Enter`, `Down`, `C-c`), under the same comparison. */
export async function pressKeys(
  tmux: Tmux,
  server: string,
  pane: PaneGuard,
  keys: readonly string[],
): Promise<Sending> {
  for (const key of keys) if (!/^[A-Za-z0-9-]+$/.test(key)) throw new Error(`not the name of a key: ${key}`)
  return guarded(tmux, server, pane, `send-keys -t ${target(pane)} ${keys.join(' ')}`)
}

/** Leaves copy mode, and any other mode that stands over the pane. Nothing happens where there is none. */
export async function leaveMode(tmux: Tmux, server: string, pane: PaneGuard): Promise<Sending> {
  return guarded(tmux, server, pane, `copy-mode -q -t ${target(pane)}`, { anyMode: true })
}

interface Around {
  before?: string[]
  otherwise?: string
  input?: string
  anyMode?: boolean
}

/** A command line made of words of our own, run only if the pane is the one that is meant. */
async function guarded(
  tmux: Tmux,
  server: string,
  pane: PaneGuard,
  then: string,
  around: Around = {},
): Promise<Sending> {
  const { before = [], otherwise, input, anyMode = false } = around
  const id = target(pane)
  const mode = anyMode ? '' : '#{pane_in_mode}'
  const facts = `#{pane_id} #{pane_pid} #{pid} #{pane_dead} ${mode} #{pane_synchronized} #{pane_input_off}`
  const wanted = `${id} ${pane.panePid} ${pane.serverPid} 0 ${anyMode ? '' : '0'} 0 0`
  const told = `display-message -p -t ${id} '${facts}'`
  const otherwiseTold = otherwise === undefined ? told : `${otherwise} ; ${told}`
  const condition = ['if-shell', '-F', '-t', id, `#{==:${facts},${wanted}}`]
  const result = await tmux(
    server,
    [...before, ...condition, `${then} ; display-message -p sent`, otherwiseTold],
    input === undefined ? {} : { input },
  )
  if (result.kind !== 'exit') return 'unknown'
  const said = result.stdout.toString().replace(/\n$/, '')
  if (said === 'sent' && result.code === 0) return 'sent'
  return whyNot(said, pane)
}

function whyNot(said: string, pane: PaneGuard): Sending {
  const [paneId, panePid, serverPid, dead, mode, synchronized, inputOff, ...rest] = said.split(' ')
  if (inputOff === undefined || rest.length > 0) return 'unknown'
  if (serverPid !== String(pane.serverPid)) return 'replaced'
  if (paneId === '') return 'gone'
  if (panePid !== String(pane.panePid)) return 'replaced'
  if (dead === '1') return 'dead'
  if (synchronized === '1') return 'synchronized'
  if (inputOff === '1') return 'input off'
  return mode === '' || mode === '0' ? 'unknown' : 'mode'
}

/** The pane's id as a word of a tmux command line, which nothing else may be. */
function target({ paneId, panePid, serverPid }: PaneGuard): string {
  if (!/^%\d+$/.test(paneId) || !Number.isInteger(panePid) || !Number.isInteger(serverPid))
    throw new Error(`not a pane: ${paneId} ${panePid} ${serverPid}`)
  return paneId
}
