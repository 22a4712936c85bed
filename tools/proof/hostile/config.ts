/** `.hermes/agent-sessions.config.yaml`, and what its patterns do with a screen. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { readConfig } from '#lib/agents/config.ts'
import { configSchema, customAdapter } from '#lib/agents/custom.ts'
import { customDriver } from '#lib/agents/drive/custom.ts'
import { stateFromScreen } from '#lib/agents/screen.ts'
import { readChoices } from '#lib/sessions/choices.ts'
import { type AnyProperty, property } from './border.ts'
import { NO_PROCESSES } from './machine.ts'
import { run } from './words.ts'
import { yamlBytes } from './yaml-texts.ts'

const SECRET = 'Zq7-broker-password-Zq7'
const AGENT = {
  process: ['mybot'],
  packages: ['@vendor/mybot'],
  servers: ['serve'],
  id_flags: ['--session-id'],
  id: '[0-9a-f-]{36}',
  artifact: '~/.mybot/{id}.jsonl',
  artifact_word: 'jsonl',
  turn: '"role":"user"',
  id_word: 'session',
  title: [{ state: 'working', pattern: '^\\* ' }],
  screen: [{ state: 'idle', detail: 'rest', pattern: '^> ' }],
  start: ['--session-id', '{id}'],
  resume: ['--resume', '{id}'],
  input: '^> (.*)$',
  trust_choice: 'Yes, trust',
  choice_mark: '[>]',
}
export const CONFIGS = [
  { roles: ['reviewer'], agents: { mybot: AGENT } },
  {
    bus: { url: 'mqtts://broker.example.org:8883', topic_prefix: 'a/b', username: 'me', password_file: '~/pw' },
    notify: { all: { command: ['notify-send', '{title}'] }, drift: [{ url: 'https://example.org/hook' }] },
  },
  {
    bus: { url: `mqtt://me:${SECRET}@broker.example.org` },
    notify: { all: { url: `https://me:${SECRET}@example.org` } },
  },
]
const FILE = 'agent-sessions.config.yaml'
const CONTEXT = { env: { HOME: '/nonexistent' }, processes: NO_PROCESSES }
const LINES = ['> draft', '* working', 'Yes, trust', '  1. Yes', ' '.repeat(300)]

/** Pieces of regular expressions, put together without sense. */
const pattern = fc
  .array(
    fc.constantFrom(
      ...[
        'a',
        'a*',
        'a+',
        '.*',
        '.+?',
        '\\s*',
        '\\w+',
        '[^b]*',
        '(a)',
        '(?:a|b)',
        '(a+)',
        '(?:.*)',
        'a?',
        'a{1,9}',
        '─+',
      ],
      ...[
        '^',
        '$',
        '\\b',
        'x',
        '"',
        '(?=a)',
        '(?!b)',
        '(?<=a)',
        '[ab]',
        '(?:ab)+',
        '\\1',
        '|',
        '(?:',
        ')',
        '*',
        '{2,}',
        '\\n',
      ],
      ...[
        '(?:a?){9}',
        '(?:a{0,9}){0,9}',
        '(?:aa?)',
        '{9}',
        '{0,200}',
        '(?:a{0,40}',
        '){30}',
        '?',
        '[\\s\\S]*',
        '(?<n>a)',
        '\\k<n>',
      ],
    ),
    { minLength: 1, maxLength: 9 },
  )
  .map(pieces => pieces.join(''))

/** What it is tried on: a screen of runs. */
const screen = fc
  .array(fc.oneof(run(400), fc.constantFrom(...LINES)), { minLength: 1, maxLength: 120 })
  .map(lines => lines.join('\n'))

export const config: AnyProperty[] = [
  property({
    border: 'config',
    what: 'read, and its agents used',
    inputs: yamlBytes(CONFIGS, 1 << 20),
    share: 2,
    file: FILE,
    secret: SECRET,
    prepare: (bytes, folder) => writeFileSync(join(folder, FILE), bytes, { mode: 0o600 }),
    async run(_, folder) {
      const { adapters, roles, bus, notify, drivers } = await readConfig(join(folder, FILE))
      for (const adapter of adapters) {
        stateFromScreen(LINES.join('\n'), adapter.screen)
        adapter.artifact('../../etc/passwd', undefined, CONTEXT, { turn: true })
      }
      for (const driver of await drivers()) {
        driver.input(LINES.map(text => ({ text, bright: text })))
        if (driver.choiceMark)
          readChoices(
            LINES.map(text => ({ text })),
            driver.choiceMark,
          )
      }
      return { value: [roles, bus, notify, adapters.map(({ name, idField }) => [name, idField])] }
    },
  }),
  property({
    border: 'config',
    what: 'patterns that were taken, on screens of runs',
    inputs: fc.tuple(pattern, screen),
    share: 2,
    async run([source, text]) {
      const agent = {
        start: [],
        input: source,
        choice_mark: source,
        turn: source,
        screen: [{ state: 'idle', pattern: source }],
      }
      const parsed = configSchema.safeParse({ agents: { bot: agent } })
      if (!parsed.success) return
      const read = parsed.data.agents?.['bot']
      if (read === undefined) return
      const adapter = customAdapter('bot', read)
      const driver = customDriver('bot', read)
      stateFromScreen(text, adapter.screen)
      const lines = text.split('\n').map(line => ({ text: line, bright: line }))
      driver?.input(lines)
      if (driver?.choiceMark) readChoices(lines, driver.choiceMark)
      return
    },
  }),
]
