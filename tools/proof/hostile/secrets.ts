/** Where secrets come from: the broker on record, a broker's settings, files with a password. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { readBrokerFile, readBrokerNote } from '#lib/bus/broker-file.ts'
import { busSettings } from '#lib/bus/settings.ts'
import { type AnyProperty, property } from './border.ts'
import { jsonBytes } from './json-texts.ts'
import { editedText } from './spoil.ts'
import { run, word } from './words.ts'

const SECRET = 'Zq7-broker-password-Zq7'
const NOTE = {
  url: 'mqtt://127.0.0.1:18830',
  port: 18_830,
  username: 'agent-sessions',
  password: SECRET,
  pid: process.pid,
  pid_start: '1',
  boot_id: 'b',
}
const url = fc.oneof(
  editedText(fc.constantFrom(`mqtt://me:${SECRET}@broker.example.org:1883`, `mqtts://u:${SECRET}@[::1]`), 100_000),
  word,
  word.map(text => `mqtt://me:${SECRET}@${text}`),
  word.map(text => `${text}://me:${SECRET}@host`),
)
const odd = fc.option(fc.oneof(word, fc.constantFrom('1', '8883', 'yes', 'broker.example.org', SECRET), run(70_000)), {
  nil: undefined,
})
const value = fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: odd })
const NAMES = ['MQTT_HOST', 'MQTT_PORT', 'MQTT_TLS', 'MQTT_USERNAME', 'MQTT_USER', 'MQTT_TOPIC_PREFIX', 'MQTT_PASSWORD']
const FILES = ['MQTT_PASSWORD_FILE', 'MQTT_CA_FILE', 'MQTT_CERT_FILE', 'MQTT_KEY_FILE']

export const secrets: AnyProperty[] = [
  property({
    border: 'secrets',
    what: 'the broker on record',
    inputs: jsonBytes([NOTE], 1 << 18),
    secret: SECRET,
    file: 'broker.json',
    prepare: (bytes, folder) => writeFileSync(join(folder, 'broker.json'), bytes, { mode: 0o600 }),
    run(_, folder) {
      const noted = readBrokerNote(folder)
      if (noted !== undefined && noted.url !== `mqtt://127.0.0.1:${noted.port}`)
        throw new Error('a password would go to another machine')
      return { value: [noted, readBrokerFile(folder)] }
    },
  }),
  property({
    border: 'secrets',
    what: 'a broker in the environment',
    inputs: fc.tuple(
      fc.option(url, { nil: undefined }),
      fc.tuple(...NAMES.map(() => value)),
      fc.tuple(...FILES.map(() => fc.constantFrom(undefined, undefined, 'file', 'none', 'folder'))),
      fc.oneof(
        word,
        run(10_000),
        fc.constantFrom(SECRET, `${SECRET}\n${SECRET}`, `-----BEGIN CERTIFICATE-----\n${SECRET}`),
      ),
    ),
    secret: SECRET,
    prepare: ([, , , content], folder) => writeFileSync(join(folder, 'file'), content, { mode: 0o600 }),
    run([address, values, files], folder) {
      const place = (name: string | undefined) => name && (name === 'folder' ? folder : join(folder, name))
      const env = {
        AGENT_JOBS_MQTT_URL: address,
        ...Object.fromEntries(NAMES.map((name, at) => [name, values[at]])),
        ...Object.fromEntries(FILES.map((name, at) => [name, place(files[at])])),
      }
      const settings = busSettings({ env, config: undefined, folder: join(folder, 'secrets') })
      return { value: settings, said: settings ? [settings.url] : [] }
    },
  }),
  property({
    border: 'secrets',
    what: 'a broker in the config',
    inputs: fc.tuple(url, value, fc.oneof(word, run(10_000), fc.constant(SECRET))),
    secret: SECRET,
    prepare: ([, , content], folder) => writeFileSync(join(folder, 'pw'), content, { mode: 0o600 }),
    run([address, username], folder) {
      const config = { url: address, password_file: join(folder, 'pw'), ...(username ? { username } : {}) }
      const settings = busSettings({ env: {}, config, folder: join(folder, 'secrets') })
      return { value: settings, said: settings ? [settings.url] : [] }
    },
  }),
]
