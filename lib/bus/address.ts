/** The address of a broker, from a URL or from MQTT_HOST and its companions. */
import { isIP } from 'node:net'
import { CodedError, EXIT } from '#lib/system/errors.ts'

type Env = Record<string, string | undefined>

export interface Address {
  url: string
  host: string
  port: number
  tls: boolean
  username?: string | undefined
  password?: string | undefined
}

/** What MQTT_* and AGENT_JOBS_MQTT_URL name; undefined when they name nothing. CodedError `bus-settings`. */
export function addressOf(env: Env): Address | undefined {
  const url = env['AGENT_JOBS_MQTT_URL']
  if (url) return parseUrl('AGENT_JOBS_MQTT_URL', url)
  const host = env['MQTT_HOST']
  if (!host) return undefined
  if (!isHost(host)) throw wrong('MQTT_HOST', 'is not the name or address of a machine', 'Example: broker.example.org')
  const tls = yesOrNo('MQTT_TLS', env['MQTT_TLS'])
  const port = env['MQTT_PORT'] ? portOf('MQTT_PORT', env['MQTT_PORT']) : tls ? 8883 : 1883
  return { url: urlOf(host, port, tls), host: bare(host), port, tls }
}

const SCHEMES: Record<string, boolean> = { 'mqtt:': false, 'tcp:': false, 'mqtts:': true, 'ssl:': true, 'tls:': true }
const EXAMPLE = 'Example: mqtt://localhost:1883, or mqtts://broker.example.org with TLS.'

/** Takes a URL apart. CodedError `bus-settings` that says `name`, and nothing of the URL's user and password. */
export function parseUrl(name: string, text: string): Address {
  // Not the URL itself in any message: it may hold a password.
  if (!URL.canParse(text)) throw wrong(name, 'is not a URL', EXAMPLE)
  const url = new URL(text)
  const tls = Object.hasOwn(SCHEMES, url.protocol) ? SCHEMES[url.protocol] : undefined
  if (tls === undefined) throw wrong(name, `has the scheme ${url.protocol}//; mqtt:// or mqtts:// is expected`, EXAMPLE)
  if (!isHost(url.hostname)) throw wrong(name, 'names no machine', EXAMPLE)
  if ((url.pathname !== '' && url.pathname !== '/') || url.search || url.hash)
    throw wrong(name, 'has something behind the port', EXAMPLE)
  const port = url.port === '' ? (tls ? 8883 : 1883) : portOf(name, url.port)
  return {
    url: urlOf(url.hostname, port, tls),
    host: bare(url.hostname),
    port,
    tls,
    username: decoded(name, url.username),
    password: decoded(name, url.password),
  }
}

function decoded(name: string, text: string): string | undefined {
  if (text === '') return undefined
  try {
    return decodeURIComponent(text)
  } catch {
    throw wrong(name, 'has a user name or password with a broken %XX in it', 'Write a percent sign as %25.')
  }
}

function isHost(text: string): boolean {
  return /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})$/.test(text) || isIP(bare(text)) !== 0
}

/** An IPv6 address without the brackets it has in URLs. */
function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1')
}

function urlOf(host: string, port: number, tls: boolean): string {
  const name = bare(host)
  return `mqtt${tls ? 's' : ''}://${isIP(name) === 6 ? `[${name}]` : name}:${port}`
}

function portOf(name: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65_535) throw wrong(name, 'has a wrong port: 1 to 65535 is expected')
  return port
}

function yesOrNo(name: string, text: string | undefined): boolean {
  if (text === undefined || /^(?:|0|no|false|off)$/i.test(text)) return false
  if (/^(?:1|yes|true|on)$/i.test(text)) return true
  throw wrong(name, 'is neither 1 nor 0')
}

/** The CodedError for a setting that cannot be right. */
export function wrong(name: string, what: string, hint?: string): CodedError {
  return new CodedError('bus-settings', EXIT.broken, `${name} ${what}`, hint)
}
