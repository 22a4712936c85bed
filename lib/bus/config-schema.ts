import * as z from 'zod/mini'
import { isPrefix } from './topics.ts'

const text = z.string().check(z.minLength(1), z.maxLength(1000))
/** Not below a folder of the workspace: what lies there comes with a clone. */
const path = text.check(z.refine(value => /^(?:~\/|\/)/.test(value), 'expected a path that starts with `/` or `~/`'))

/** `bus:` in `.hermes/agent-sessions.config.yaml`: the broker that tells of jobs. */
export const busSchema = z.strictObject({
  /** `mqtt://HOST:1883`, or `mqtts://HOST:8883` with TLS. */
  url: z.optional(
    text.check(
      z.refine(
        // Others may read this file, and it is often committed.
        value => !/^[^/]*\/\/[^/]*:[^/]*@/.test(value),
        'a password does not stand in this file: name a file that only you can read under `password_file`',
      ),
    ),
  ),
  /** What topics begin with. Default: `python/mqtt/jobs`. */
  topic_prefix: z.optional(
    text.check(z.refine(isPrefix, 'expected words between `/`, without `+`, `#` and a `/` at either end')),
  ),
  /** Events without a signature count, too: for publishers that cannot sign. Default: no. */
  accept_unsigned: z.optional(z.boolean()),
  username: z.optional(text),
  /** A file that holds the password in one line. */
  password_file: z.optional(path),
  /** Certificates (PEM) of the authorities that are trusted, instead of the system's. */
  ca_file: z.optional(path),
  /** Our own certificate and its key (PEM), where the broker asks for one. */
  cert_file: z.optional(path),
  key_file: z.optional(path),
})

export type BusConfig = z.infer<typeof busSchema>
