/** Asking the servers: when a listing began, and how far its answer can be trusted. */
import type { Machine } from '#lib/system/machine.ts'
import { isTooOld, listServer, OLDEST, type ServerView } from '#lib/tmux/listing.ts'

/** A listing under way, and since when (milliseconds since the epoch): what came later it cannot know. */
export interface Listing {
  sinceMs: number
  view: Promise<ServerView>
}

/** By server. */
export type Listings = Map<string, Listing>

/** Starts the listings of servers known before the registry is read, so that tmux works while we parse. */
export function startListings(machine: Machine, names: readonly string[], early: Listings = new Map()): Listings {
  return new Map(names.map(name => [name, early.get(name) ?? listingOf(machine, name)]))
}

export function listingOf(machine: Machine, name: string): Listing {
  return { sinceMs: machine.now(), view: listServer(machine.tmux, name) }
}

/** File times are those of the last clock tick, which lies up to some milliseconds before now. */
const TICK_MS = 20

/** The same listings, unless the registry was saved since they began: a row may have come with a session that they do
 * not know, and it must not be taken for dead. */
export function listingsAfter(machine: Machine, listings: Listings, savedMs: number): Listings {
  const areOlder = [...listings.values()].some(({ sinceMs }) => savedMs > sinceMs - TICK_MS)
  return areOlder ? startListings(machine, [...listings.keys()]) : listings
}

/** A tmux that we do not understand well enough gives no sure answer. A server that answers says its version itself; the
 * program is asked only when none does, or when one is too old: then nothing it said can be trusted. */
export async function trusted(machine: Machine, views: ServerView[]): Promise<ServerView[]> {
  const versions = views.map(view =>
    view.state === 'alive' || view.state === 'empty' ? view.process?.version : undefined,
  )
  const isOld = versions.map(version => version !== undefined && isTooOld(version))
  const answered = versions.some(version => version !== undefined)
  if (answered && !isOld.includes(true)) return views
  const result = await machine.tmuxVersion()
  const program =
    result.kind === 'exit'
      ? result.stdout
          .toString()
          .trim()
          .replace(/^tmux /, '')
      : ''
  return views.map((view, i) => {
    const version = isTooOld(program) ? program : isOld[i] ? versions[i] : undefined
    if (version === undefined) return view
    return { name: view.name, state: 'unknown', reason: `tmux ${version} is older than the ${OLDEST} that is needed` }
  })
}
