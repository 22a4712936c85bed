import type { Listings } from '#lib/reconcile/listings.ts'
import { tmuxIn } from '#lib/tmux/exec.ts'
import { listServer } from '#lib/tmux/listing.ts'

/** Asks the server that every pass asks before the rest of the program is even loaded: tmux works meanwhile, which is a
 * third of a small pass. Nothing is asked for a word that makes no pass. */
export function listEarly(argv: readonly string[]): Listings {
  if (argv.some(word => word === '--help' || word === '-h' || word === '--version')) return new Map()
  return new Map([['default', { sinceMs: Date.now(), view: listServer(tmuxIn(process.env), 'default') }]])
}
