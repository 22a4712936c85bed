/** Sends a notice to a URL. The URL may be the secret: it stands in nothing that is told here. */
import { CodedError, EXIT, errnoOf } from '#lib/system/errors.ts'
import { readWhole } from '#lib/system/files.ts'
import { isHttp } from './config-schema.ts'

/** Why it failed; undefined where it was taken. The answer is not read, and redirects are not followed: the notice goes
 * nowhere but to that URL. Never rejects. */
export function sendTo(
  url: string,
  payload: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  return new Promise(resolve => {
    if (signal.aborted) return resolve('the monitor left')
    // A timer of our own: one of `AbortSignal.timeout` under `AbortSignal.any` may be collected, and never comes (Node 20).
    const call = new AbortController()
    const end = (why: string | undefined) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', giveUp)
      call.abort()
      resolve(why)
    }
    const giveUp = () => end('the monitor left before it was done')
    const timer = setTimeout(() => end(`no answer within ${timeoutMs / 1000} s`), timeoutMs)
    signal.addEventListener('abort', giveUp)
    post(url, payload, call.signal).then(end)
  })
}

async function post(url: string, payload: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const { status } = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: payload,
      redirect: 'manual',
      signal,
    })
    if (status < 300) return undefined
    return status < 400 ? `it answered ${status}: redirects are not followed` : `it answered ${status}`
  } catch (error) {
    // Not its message, which names the URL.
    const cause = error instanceof Error ? error.cause : undefined
    return `it cannot be reached (${errnoOf(cause) ?? 'why is not known'})`
  }
}

const MOST_BYTES = 4096

/** The URL in a file that only this user can read. CodedError `notify-url`, which does not hold it. */
export function urlIn(path: string): string {
  const wrong = (why: string) => new CodedError('notify-url', EXIT.refused, `${path} ${why}`)
  const tooLarge = (bytes: number) => {
    if (bytes > MOST_BYTES) throw wrong('is too large to hold one URL')
  }
  let file: ReturnType<typeof readWhole>
  try {
    file = readWhole(path, tooLarge)
  } catch (error) {
    const errno = errnoOf(error)
    throw errno === 'notify-url' ? error : wrong(`cannot be read (${errno ?? 'why is not known'})`)
  }
  const self = process.geteuid?.()
  if ((file.mode & 0o077) !== 0 || (self !== undefined && file.uid !== self))
    throw wrong('can be read by others: it must be yours, with mode 0600')
  const url = file.bytes.toString('utf8').trim()
  if (/\s/.test(url) || !isHttp(url)) throw wrong('does not hold one URL that begins with http:// or https://')
  return url
}
