import * as z from 'zod/mini'
import { described } from '#lib/system/described.ts'
import { isPrefix } from './topics.ts'

const text = z.string().check(z.minLength(1), z.maxLength(1000))
/** Not below a folder of the workspace: what lies there comes with a clone. */
const path = text.check(z.refine(value => /^(?:~\/|\/)/.test(value), 'expected a path that starts with `/` or `~/`'))

/** `bus:` in `.hermes/agent-sessions.config.yaml`: the broker that tells of jobs. */
export const busSchema = z.strictObject({
  url: described(
    '`mqtt://HOST:1883`, or `mqtts://HOST:8883` with TLS.',
    text.check(
      z.refine(
        // Others may read this file, and it is often committed.
        value => !/^[^/]*\/\/[^/]*:[^/]*@/.test(value),
        'a password does not stand in this file: name a file that only you can read under `password_file`',
      ),
    ),
  ),
  topic_prefix: described(
    'What topics begin with. Default: `python/mqtt/jobs`.',
    text.check(z.refine(isPrefix, 'expected words between `/`, without `+`, `#` and a `/` at either end')),
  ),
  accept_unsigned: described(
    'Events without a signature count, too: for publishers that cannot sign. Default: no.',
    z.boolean(),
  ),
  username: described('Who we are to the broker.', text),
  password_file: described('A file that holds the password in one line.', path),
  ca_file: described("Certificates (PEM) of the authorities that are trusted, instead of the system's.", path),
  cert_file: described('Our own certificate (PEM), where the broker asks for one.', path),
  key_file: described('Its key (PEM).', path),
})

export type BusConfig = z.infer<typeof busSchema>
