import type { Report } from '#lib/reconcile/report.ts'
import { CodedError, EXIT, type ExitCode } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'
import { isTooOld } from '#lib/tmux/listing.ts'

const GET_IT = 'Install tmux 3.2 or newer: `apt-get install tmux` (Debian, Ubuntu) or `brew install tmux` (macOS).'

/** Exit 4 when no server gave a sure answer, with the reason: tmux is missing, too old, or its servers did not answer.
 * The report is out already. */
export async function unconfirmedExit(machine: Machine, servers: Report['servers']): Promise<ExitCode> {
  if (servers.some(server => server.state !== 'unknown')) return EXIT.done
  const result = await machine.tmuxVersion()
  if (result.kind === 'missing')
    throw new CodedError('tmux-missing', EXIT.unknown, 'there is no tmux program on the PATH', GET_IT)
  const version = result.kind === 'exit' ? result.stdout.toString().trim() : ''
  const reasons = servers.map(({ name, reason }) => `${name}: ${reason}`).join('; ')
  if (isTooOld(version) || reasons.includes('is older than'))
    throw new CodedError('tmux-too-old', EXIT.unknown, `no tmux server gave a sure answer (${reasons})`, GET_IT)
  throw new CodedError(
    'tmux-unknown',
    EXIT.unknown,
    `no tmux server gave a sure answer (${reasons})`,
    'Nothing was concluded about their rows. Look at `tmux -L NAME list-sessions`, then run this again.',
  )
}
