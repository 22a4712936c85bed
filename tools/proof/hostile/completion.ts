/** Words that a shell hands over to be completed, in a workspace that anybody may have written. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { COMMANDS } from '#lib/commands/commands.ts'
import { suggest } from '#lib/commands/completion/suggest.ts'
import { isCodedError } from '#lib/system/errors.ts'
import { type AnyProperty, property } from './border.ts'
import { JOBS } from './jobs.ts'
import { jsonBytes } from './json-texts.ts'
import { REGISTRIES } from './registry.ts'
import { run, word } from './words.ts'
import { yamlBytes } from './yaml-texts.ts'

const KNOWN = [
  ...Object.keys(COMMANDS),
  'submit',
  'wait',
  'show',
  'emit',
  '--registry',
  '--server',
  '--agent',
  'suggest',
]
const words = fc.array(
  fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...KNOWN) }, { weight: 2, arbitrary: word }, run(100_000)),
  {
    maxLength: 6,
  },
)
const command = fc.constantFrom(
  ['status', ''],
  ['stop', ''],
  ['resume', 'l'],
  ['delegate-job', 'show', ''],
  ['attach', ''],
)

const rows = fc.array(
  fc.record({ name: word.filter(name => name !== ''), status: fc.constantFrom('running', 'stopped') }),
  { maxLength: 20 },
)
const valid = rows.map(all => Buffer.from(JSON.stringify({ tmux_sessions: all })))
// A broken one is looked at for half a second: an editor may be saving it.
const registry = fc.oneof({ weight: 20, arbitrary: valid }, { weight: 1, arbitrary: yamlBytes(REGISTRIES, 30_000) })

export const completion: AnyProperty[] = [
  property({
    border: 'completion',
    what: 'words and a workspace',
    inputs: fc.tuple(fc.oneof(words, command), registry, jsonBytes(JOBS, 30_000)),
    prepare([, registry, job], folder) {
      mkdirSync(join(folder, 'jobs'), { mode: 0o700 })
      writeFileSync(join(folder, 'agent-sessions.yaml'), registry, { mode: 0o600 })
      writeFileSync(join(folder, `jobs/${JOBS[0]?.id}.json`), job, { mode: 0o600 })
    },
    async run([words], folder) {
      // A shell in the middle of a line gets no errors: only what is no CodedError is one.
      const env = { AGENT_SESSIONS_YAML: join(folder, 'agent-sessions.yaml') }
      const found = await suggest(words, env).catch(error => {
        if (isCodedError(error)) return []
        throw error
      })
      if (found.some(one => !one.startsWith(words.at(-1) ?? ''))) throw new Error('a word that does not fit')
      return { value: found, said: found }
    },
  }),
]
