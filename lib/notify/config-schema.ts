/** `notify:` in `.hermes/agent-sessions.config.yaml`. Pure, and read with the config: nothing else of notices is loaded then. */
import * as z from 'zod/mini'
import { described } from '#lib/system/described.ts'

/** What a notice can be about. */
export const KINDS = ['needs-permission', 'limited', 'job-ended', 'drift'] as const
export type Kind = (typeof KINDS)[number]

const text = z.string().check(z.minLength(1), z.maxLength(1000))

const targetSchema = z
  .strictObject({
    command: described(
      'A program and its arguments. No shell reads them. In the arguments {title}, {text}, {kind}, {session}, {server}, ' +
        '{state}, {detail} and {job} are filled in; all of it comes as JSON on standard input, too. Ended after 10 s.',
      z.array(z.string().check(z.maxLength(1000))).check(
        z.minLength(1, 'expected a program and its arguments'),
        z.maxLength(50),
        z.refine(
          ([program = '']) => /^(?:\/|[^/\s]+$)/.test(program),
          'expected a program on the PATH, or an absolute path, and its arguments behind it as items of their own',
        ),
      ),
    ),
    url: described(
      'Gets a POST with the notice as JSON. Redirects are not followed.',
      text.check(
        z.refine(isHttp, 'expected a URL that begins with http:// or https://'),
        // Others may read this file, and it is often committed.
        z.refine(
          value => !/^[^/]*\/\/[^/]*@/.test(value),
          'a password does not stand in this file: put the URL into a file that only you can read, under `url_file`',
        ),
      ),
    ),
    url_file: described(
      'A file (mode 0600) with the URL in one line, where the URL itself is the secret.',
      text.check(
        // Not below a folder of the workspace: what lies there comes with a clone.
        z.refine(value => /^(?:~\/|\/)/.test(value), 'expected a path that starts with `/` or `~/`'),
      ),
    ),
  })
  .check(
    z.refine(
      ({ command, url, url_file }) => [command, url, url_file].filter(one => one !== undefined).length === 1,
      'expected one of `command`, `url` and `url_file`',
    ),
  )

const about = (description: string) =>
  described(description, z.nullable(z.union([targetSchema, z.array(targetSchema).check(z.maxLength(10))])))

export const notifySchema = z.strictObject({
  'needs-permission': about('An agent waits for an answer: a permission, a question, the trust of a folder.'),
  limited: about('An agent has reached a limit of its account.'),
  'job-ended': about('A delegated job is completed, error, cancelled or expired.'),
  drift: about('A pass found new drift: one notice for all of it.'),
  all: about('Each of the four.'),
})

export type NotifyConfig = z.infer<typeof notifySchema>
export type Target = z.infer<typeof targetSchema>

/** What is told of a kind, its own first. */
export function targetsOf(config: NotifyConfig, kind: Kind): Target[] {
  return [config[kind], config.all].flatMap(one => one ?? [])
}

/** Is it a URL that a notice may be sent to? */
export function isHttp(url: string): boolean {
  return /^https?:\/\/[^\s/]/.test(url) && URL.canParse(url)
}
