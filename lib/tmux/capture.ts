import { randomUUID } from 'node:crypto'
import type { Tmux } from './exec.ts'

/** What stands on the screens of some panes of a server, in one call. A pane that ended in between is missing, and so
 * may be those after it: a missing screen is an unknown one. */
export async function captureScreens(
  tmux: Tmux,
  server: string,
  paneIds: readonly string[],
): Promise<Map<string, string>> {
  const screens = new Map<string, string>()
  if (paneIds.length === 0) return screens
  // No program can have this on its screen, so nothing on a screen can pass for another pane's.
  const cut = `cut-${randomUUID()}`
  const args = paneIds.flatMap(id => [
    'capture-pane',
    '-p',
    '-t',
    id,
    ';',
    'display-message',
    '-p',
    `${cut} ${id}`,
    ';',
  ])
  const result = await tmux(server, args.slice(0, -1))
  if (result.kind !== 'exit') return screens
  let rest = result.stdout.toString()
  for (const id of paneIds) {
    const end = rest.indexOf(`${cut} ${id}\n`)
    if (end < 0) break
    screens.set(id, rest.slice(0, end))
    rest = rest.slice(end + cut.length + id.length + 2)
  }
  return screens
}
