import type { Tmux } from './exec.ts'

export interface Screen {
  text: string
  /** In characters; NaN where tmux did not say. */
  columns: number
  rows: number
}

/** What stands on the screens of some panes of a server, in one call. A pane that ended in between is missing, and so
 * may be those after it: a missing screen is an unknown one. */
export async function captureScreens(
  tmux: Tmux,
  server: string,
  paneIds: readonly string[],
): Promise<Map<string, Screen>> {
  const screens = new Map<string, Screen>()
  if (paneIds.length === 0) return screens
  // Loading it takes 2 ms, and most looks need no screen.
  const { randomUUID } = await import('node:crypto')
  // No program can have this on its screen, so nothing on a screen can pass for another pane's.
  const cut = `cut-${randomUUID()}`
  const size = `${cut} #{pane_width} #{pane_height}`
  const args = paneIds.flatMap(id => [
    'capture-pane',
    '-p',
    '-t',
    id,
    ';',
    'display-message',
    '-p',
    '-t',
    id,
    size,
    ';',
  ])
  const result = await tmux(server, args.slice(0, -1))
  if (result.kind !== 'exit') return screens
  const pieces = result.stdout.toString().split(cut)
  // Behind each cut stands the size of the pane before it, then the next pane's screen.
  let text = pieces[0] ?? ''
  for (const [at, id] of paneIds.entries()) {
    const said = pieces[at + 1]
    const end = said?.indexOf('\n') ?? -1
    if (said === undefined || end < 0) break
    const [columns, rows] = said.slice(0, end).trim().split(' ').map(Number)
    screens.set(id, { text, columns: columns ?? Number.NaN, rows: rows ?? Number.NaN })
    text = said.slice(end + 1)
  }
  return screens
}
