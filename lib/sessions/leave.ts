import { driverNamed } from '#lib/agents/drive/table.ts'
import type { Driver } from '#lib/agents/drive/types.ts'
import { stateFromScreen } from '#lib/agents/screen.ts'
import type { RowSight } from '#lib/reconcile/sights.ts'
import type { Machine } from '#lib/system/machine.ts'
import { screenLines } from '#lib/tmux/ansi.ts'
import { leaveMode, pasteInto, pressKeys } from '#lib/tmux/paste.ts'
import { peekPane } from '#lib/tmux/peek.ts'
import type { Bench } from './context.ts'
import type { OwnSession } from './end.ts'

export interface Left {
  steps: string[]
  notes: string[]
}

const POLL_MS = 50
const SHOW_MS = 1500

/** The agent's own way out, typed into its empty input line, and a bounded wait until it has gone. Nothing is typed where
 * a person's draft stands or a question is asked: Enter would send the one and answer the other. */
export async function leaveByItself(
  machine: Machine,
  bench: Bench,
  { agent, row }: RowSight,
  session: OwnSession,
  timeoutMs: number,
): Promise<Left> {
  const driver = agent?.adapter && (await driverNamed(agent.adapter.name, bench.drivers))
  const process = agent?.process
  if (!agent || !driver || !process) return instead('no agent was found to be asked')
  const pane = { paneId: agent.pane.id, panePid: agent.pane.pid, serverPid: session.serverPid }
  await leaveMode(machine.tmux, session.server, pane)
  const seen = await peekPane(machine.tmux, session.server, pane.paneId)
  if (seen === 'gone' || seen === 'unknown') return instead('its pane could not be looked at')
  const lines = screenLines(seen.screen)
  const state = stateFromScreen(lines.map(line => line.text).join('\n'), agent.adapter?.screen ?? [])
  if (state?.state === 'waiting') return instead(`it waits (${state.detail ?? 'input'})`)
  const input = driver.input(lines)
  if (input.kind !== 'empty')
    return instead(input.kind === 'draft' ? 'a draft stands in its input line' : 'it shows no input line')

  const sent = await pasteInto(machine.tmux, session.server, pane, driver.leaveText)
  if (sent !== 'sent') return instead(`${driver.leaveText} could not be typed (${sent})`)
  const deadline = performance.now() + timeoutMs
  const isGone = () => {
    const look = machine.processes().look(process.pid)
    return look.state === 'absent' || (look.state === 'present' && look.process.start !== process.start)
  }
  // A list of commands that opened over the text may take the first Enter.
  for (let enters = 0; enters < 3 && !isGone(); enters++) {
    await machine.sleep(Math.max(150, driver.enterGapMs))
    // What a person typed meanwhile, or what a slow screen had not shown, must not be sent with it.
    if (!(await standsAlone(machine, session, pane.paneId, driver))) {
      if (enters === 0) return instead(`${driver.leaveText} is not to be seen alone in its input line`)
      break
    }
    await pressKeys(machine.tmux, session.server, pane, ['Enter'])
    const until = Math.min(deadline, performance.now() + 1000)
    while (!isGone() && performance.now() < until) await machine.sleep(POLL_MS)
  }
  while (!isGone() && performance.now() < deadline) await machine.sleep(POLL_MS)
  const steps = [driver.leaveText]
  return isGone()
    ? { steps, notes: [] }
    : { steps, notes: [`${row.name}: it did not leave by itself in ${timeoutMs / 1000} s`] }
}

/** Waits a moment for the input line to show the words of leaving and nothing else. */
async function standsAlone(machine: Machine, session: OwnSession, paneId: string, driver: Driver): Promise<boolean> {
  const deadline = performance.now() + SHOW_MS
  for (;;) {
    const seen = await peekPane(machine.tmux, session.server, paneId)
    if (seen === 'gone' || seen === 'unknown') return false
    const input = driver.input(screenLines(seen.screen))
    if (input.kind === 'draft' && input.text.trim() === driver.leaveText) return true
    if (performance.now() > deadline) return false
    await machine.sleep(POLL_MS)
  }
}

function instead(why: string): Left {
  return { steps: [], notes: [`not asked to leave: ${why}`] }
}
