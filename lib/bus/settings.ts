/** Where the broker is and how to speak to it: from the environment, the config, or the embedded broker on record. */
import { readFileSync, statSync } from 'node:fs'
import { CodedError, errnoOf } from '#lib/system/errors.ts'
import { type Address, addressOf, parseUrl, wrong } from './address.ts'
import { readBrokerFile } from './broker-file.ts'
import type { BusConfig } from './config-schema.ts'
import { DEFAULT_PREFIX, isPrefix } from './topics.ts'

type Env = Record<string, string | undefined>

export interface BusSettings {
  /** Without credentials: fit to be shown. */
  url: string
  host: string
  port: number
  tls: boolean
  username?: string
  password?: string
  /** PEM texts. */
  ca?: string
  cert?: string
  key?: string
  /** What topics begin with. */
  prefix: string
  /** Events without a signature count, too. */
  acceptUnsigned: boolean
  source: 'environment' | 'config' | 'embedded'
}

export interface BusSources {
  env: Env
  /** `bus:` of the config, parsed; undefined without one. */
  config: BusConfig | undefined
  /** The folder of secrets, where an embedded broker is on record: `secretsFolder(registryPath)`. */
  folder: string
}

/** Says what to connect to; undefined when there is no broker, or when it is switched off (`AGENT_JOBS_MQTT_URL=off`).
 * CodedErrors `bus-settings` (names the variable, never a password) and `not-ours`. */
export function busSettings({ env, config, folder }: BusSources): BusSettings | undefined {
  if (env['AGENT_JOBS_MQTT_URL'] === 'off') return undefined
  const common = { prefix: prefixOf(env, config), acceptUnsigned: config?.accept_unsigned ?? false }
  const fromEnv = addressOf(env)
  if (fromEnv) {
    const { username, password } = fromEnv
    const secrets = checked(
      {
        ...fromEnv,
        username: username ?? (env['MQTT_USERNAME'] || env['MQTT_USER'] || undefined),
        password: password ?? passwordOf(env),
        ca: pem('MQTT_CA_FILE', env['MQTT_CA_FILE']),
        cert: pem('MQTT_CERT_FILE', env['MQTT_CERT_FILE']),
        key: pem('MQTT_KEY_FILE', env['MQTT_KEY_FILE']),
      },
      { password: 'MQTT_PASSWORD', ca: 'MQTT_CA_FILE', cert: 'MQTT_CERT_FILE', key: 'MQTT_KEY_FILE' },
    )
    return { ...secrets, ...common, source: 'environment' }
  }
  if (config?.url !== undefined) {
    // A config can come with a clone: it gets its own credentials, never those the environment holds for another broker.
    const home = (path: string | undefined) => path?.replace(/^~(?=\/)/, () => env['HOME'] ?? '~')
    const address = parseUrl('bus.url', config.url)
    const secrets = checked(
      {
        ...address,
        username: address.username ?? config.username,
        password: oneLine('bus.password_file', home(config.password_file)),
        ca: pem('bus.ca_file', home(config.ca_file)),
        cert: pem('bus.cert_file', home(config.cert_file)),
        key: pem('bus.key_file', home(config.key_file)),
      },
      { password: 'bus.password_file', ca: 'bus.ca_file', cert: 'bus.cert_file', key: 'bus.key_file' },
    )
    return { ...secrets, ...common, source: 'config' }
  }
  const embedded = readBrokerFile(folder)
  if (embedded === undefined) return undefined
  const { url, port, username, password } = embedded
  return { url, host: '127.0.0.1', port, tls: false, username, password, ...common, source: 'embedded' }
}

function prefixOf(env: Env, config: BusConfig | undefined): string {
  const prefix = env['MQTT_TOPIC_PREFIX']
  if (!prefix) return config?.topic_prefix ?? DEFAULT_PREFIX
  if (!isPrefix(prefix))
    throw wrong('MQTT_TOPIC_PREFIX', 'has a wildcard, a blank level or a / at an end', `Example: ${DEFAULT_PREFIX}`)
  return prefix
}

function passwordOf(env: Env): string | undefined {
  return env['MQTT_PASSWORD'] || oneLine('MQTT_PASSWORD_FILE', env['MQTT_PASSWORD_FILE'])
}

/** A password from a file. One short line: a config that came with a clone must not send other files to its broker. */
function oneLine(name: string, path: string | undefined): string | undefined {
  const text = textOf(name, path)?.replace(/\r?\n$/, '')
  if (text === undefined) return undefined
  if (text === '' || text.length > 1000 || /[\0\r\n]/.test(text))
    throw wrong(name, 'names a file that does not hold one line with a password')
  return text
}

function pem(name: string, path: string | undefined): string | undefined {
  const text = textOf(name, path)
  if (text === undefined || text.includes('-----BEGIN ')) return text
  throw wrong(name, 'names a file without certificates or keys in PEM form (-----BEGIN …)')
}

const MAX_BYTES = 1 << 20

function textOf(name: string, path: string | undefined): string | undefined {
  if (!path) return undefined
  try {
    const stats = statSync(path)
    if (!stats.isFile() || stats.size > MAX_BYTES) throw wrong(name, 'names something that is not a small plain file')
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof CodedError) throw error
    throw wrong(name, `names a file that cannot be read (${errnoOf(error) ?? 'why is not known'})`)
  }
}

type Secrets = Address & { ca: string | undefined; cert: string | undefined; key: string | undefined }
type Complete = Omit<BusSettings, 'prefix' | 'acceptUnsigned' | 'source'>

/** What does not fit together is refused, before a connection goes out that is less safe than was asked for. */
function checked(found: Secrets, names: { password: string; ca: string; cert: string; key: string }): Complete {
  const { url, host, port, tls, username, password, ca, cert, key } = found
  if (password !== undefined && username === undefined)
    throw wrong(names.password, 'gives a password, and there is no user name', 'Give both, or neither.')
  const file = ca !== undefined ? names.ca : cert !== undefined ? names.cert : key !== undefined ? names.key : undefined
  if (!tls && file !== undefined)
    throw wrong(file, `is set, and ${url} is without TLS`, 'Use mqtts:// (or MQTT_TLS=1 with MQTT_HOST).')
  if ((cert === undefined) !== (key === undefined))
    throw wrong(cert === undefined ? names.key : names.cert, 'needs the other half: a certificate and its key')
  const given = Object.entries({ username, password, ca, cert, key }).filter(([, value]) => value !== undefined)
  return { url, host, port, tls, ...Object.fromEntries(given) }
}
