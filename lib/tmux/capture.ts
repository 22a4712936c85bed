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
  // Loading it takes 2 ms, and most looks need no screen.
  const { randomUUID } = await import('node:crypto')
  // No program can have this on its screen, so nothing on a screen can pass for another pane's.
  const cut = `cut-${randomUUID()}`
  // Numbers, not pane ids: display-message takes `%4` for a date and pads it.
  const end = (at: number) => `${cut} ${at}`
  const args = paneIds.flatMap((id, at) => ['capture-pane', '-p', '-t', id, ';', 'display-message', '-p', end(at), ';'])
  const result = await tmux(server, args.slice(0, -1))
  if (result.kind !== 'exit') return screens
  let rest = result.stdout.toString()
  for (const [at, id] of paneIds.entries()) {
    const length = rest.indexOf(`${end(at)}\n`)
    if (length < 0) break
    screens.set(id, rest.slice(0, length))
    rest = rest.slice(length + end(at).length + 1)
  }
  return screens
}
