/** Gives notices out, a few at once, beside everything else. Nothing is tried again: a notice is given at most once. */
import type { Kind, Target } from './config-schema.ts'
import type { Notice } from './notice.ts'

/** Given at one moment; the rest waits. */
const MOST_AT_ONCE = 3
/** What waits for slow programs; more than that is let go. */
const MOST_WAITING = 100

export interface PostOptions {
  targets(kind: Kind): readonly Target[]
  /** Why it failed; undefined where it did not. Never rejects. */
  give(target: Target, notice: Notice): Promise<string | undefined>
  say(line: string): void
}

export interface Post {
  /** Gives it to all that are to have it; waits for none. */
  send(notice: Notice): void
  /** Waits until all is given. */
  idle(): Promise<void>
  /** What still waits is let go. */
  drop(): void
}

export function newPost({ targets, give, say }: PostOptions): Post {
  const waiting: { target: Target; notice: Notice }[] = []
  const failing = new Set<string>()
  const atEnd: (() => void)[] = []
  let [running, isFull] = [0, false]

  const tell = (what: string, why: string | undefined) => {
    if (why !== undefined && !failing.has(what)) say(`the notice ${what} failed: ${why}`)
    if (why === undefined && failing.has(what)) say(`the notice ${what} is given again`)
    if (why === undefined) failing.delete(what)
    else failing.add(what)
  }
  const next = () => {
    while (running < MOST_AT_ONCE) {
      const one = waiting.shift()
      if (one === undefined) break
      running++
      void give(one.target, one.notice).then(why => {
        tell(`${one.notice.kind} to ${nameOf(one.target)}`, why)
        running--
        next()
      })
    }
    if (waiting.length === 0) isFull = false
    if (running === 0) for (const resolve of atEnd.splice(0)) resolve()
  }
  return {
    send(notice) {
      for (const target of targets(notice.kind)) {
        if (waiting.length < MOST_WAITING) waiting.push({ target, notice })
        else if (!isFull) {
          say(`more than ${MOST_WAITING} notices wait: what comes now is let go`)
          isFull = true
        }
      }
      next()
    },
    idle: () => new Promise(resolve => (running === 0 ? resolve() : atEnd.push(resolve))),
    drop: () => void waiting.splice(0),
  }
}

/** How a target is called in lines for people: never its URL, which may be the secret. */
function nameOf({ command, url, url_file }: Target): string {
  if (command !== undefined) return command[0] ?? ''
  return url === undefined ? `the URL in ${url_file}` : new URL(url).host
}
