/** The monitor that runs all the time, and passes that only look. */
import { until } from '../../../tests/harness/until.ts'
import { type Lab, rowsIn } from './lab.ts'
import { livesIn, startProgram } from './processes.ts'
import { GRACE_MS } from './watcher.ts'

/** A report that nobody acts upon must be true as well. */
export async function look(lab: Lab): Promise<void> {
  const before = livesIn(lab.world).lives
  const rows = rowsIn(lab)
  const running = startProgram(lab.world, 'reconcile', ['--once', '--emit-diff', '--dry-run'])
  lab.commands.add(running)
  const code = await running.left
  lab.commands.delete(running)
  if (running.isHarmed || code !== 0) return
  lab.did('reports read')
  const after = livesIn(lab.world).lives
  const report = JSON.parse(running.stdout()) as {
    drifts: { class: string; kind: string; name: string; server: string }[]
  }
  for (const drift of report.drifts) {
    if (drift.class !== 'A' || drift.kind !== 'gone') continue
    const row = rows.find(({ name, tmux_server }) => name === drift.name && (tmux_server ?? 'default') === drift.server)
    const key = row && `${row.tmux_server_pid} ${row.tmux_server_pid_start} ${row.tmux_session_id}`
    if (key !== undefined && before.has(key) && after.has(key) && (await stays(lab, key)))
      lab.wrong(`a report calls ${drift.name} gone, and it lives`, JSON.stringify(drift))
  }
}

/** Its session may have ended before the report, with its program still on its way out. */
function stays(lab: Lab, life: string): Promise<boolean> {
  const left = () => !livesIn(lab.world).lives.has(life)
  return until('its end', left, { timeoutMs: GRACE_MS, everyMs: 200 }).then(
    () => false,
    () => true,
  )
}

/** The monitor, as it runs for weeks; started again wherever it was killed. */
export async function keepMonitor(lab: Lab): Promise<void> {
  if (lab.monitor !== undefined) return
  const flags = ['--subscribe', '--emit-diff', '--interval', '1', '--idle-timeout', '0']
  const monitor = startProgram(lab.world, 'reconcile', flags)
  lab.monitor = monitor
  void monitor.left.then(code => {
    if (lab.monitor === monitor) lab.monitor = undefined
    // One that was killed leaves its lock to the kernel, which may take a moment.
    if (!monitor.isHarmed && !lab.wish.signal.aborted && code !== 1)
      lab.wrong(`the monitor left with ${code}`, monitor.stderr())
  })
  await until('the monitor', () => monitor.stdout() !== '' || lab.monitor !== monitor, { timeoutMs: 30_000 }).catch(
    () => undefined,
  )
}
