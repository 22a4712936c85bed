import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { readConfig } from '#lib/agents/config.ts'
import { makeSecretsFolder, secretsFolder, writeBrokerFile } from '#lib/bus/broker-file.ts'
import type { BusConfig } from '#lib/bus/config-schema.ts'
import { type BusSettings, busSettings } from '#lib/bus/settings.ts'
import { EXIT, isCodedError } from '#lib/system/errors.ts'
import { write } from '../harness/agents.ts'
import { makeWorld, type World } from '../harness/world.ts'

let world: World
let folder: string
beforeEach(() => {
  world = makeWorld()
  folder = secretsFolder(world.registry)
})

const PEM = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n'
const SECRET = 'hunter-2'

const settings = (env: Record<string, string>, config?: BusConfig): BusSettings | undefined =>
  busSettings({ env: { HOME: world.home, ...env }, config, folder })
/** The message of the refusal; no password may be in it. */
const refusal = (env: Record<string, string>, config?: BusConfig): string => {
  try {
    settings(env, config)
  } catch (error) {
    if (!isCodedError(error)) throw error
    expect([error.code, error.exit]).toEqual(['bus-settings', EXIT.broken])
    expect(`${error.message} ${error.hint}`).not.toContain(SECRET)
    return error.message
  }
  return 'accepted'
}
/** A file in the world's home. */
const file = (name: string, text: string) => {
  const path = join(world.home, name)
  write(path, text)
  return path
}

const DEFAULTS = { prefix: 'python/mqtt/jobs', acceptUnsigned: false }

describe('the broker of the environment', () => {
  it.each<[Record<string, string>, Partial<BusSettings>]>([
    [{ AGENT_JOBS_MQTT_URL: 'mqtt://h' }, { url: 'mqtt://h:1883', host: 'h', port: 1883, tls: false }],
    [{ AGENT_JOBS_MQTT_URL: 'tcp://h:1/' }, { url: 'mqtt://h:1', host: 'h', port: 1, tls: false }],
    [{ AGENT_JOBS_MQTT_URL: 'mqtts://h.example.org' }, { url: 'mqtts://h.example.org:8883', port: 8883, tls: true }],
    [{ AGENT_JOBS_MQTT_URL: 'ssl://h' }, { url: 'mqtts://h:8883', tls: true }],
    [{ AGENT_JOBS_MQTT_URL: 'tls://h:65535' }, { url: 'mqtts://h:65535', tls: true }],
    [{ AGENT_JOBS_MQTT_URL: 'mqtt://[::1]:5' }, { url: 'mqtt://[::1]:5', host: '::1', port: 5 }],
    [{ AGENT_JOBS_MQTT_URL: `mqtt://a%40b:p%2F%25%20@h` }, { url: 'mqtt://h:1883', username: 'a@b', password: 'p/% ' }],
    [
      {
        AGENT_JOBS_MQTT_URL: 'mqtt://h',
        MQTT_HOST: 'other',
        MQTT_PORT: '9',
        MQTT_USERNAME: 'u',
        MQTT_PASSWORD: SECRET,
      },
      { url: 'mqtt://h:1883', username: 'u', password: SECRET },
    ],
    [{ MQTT_HOST: 'h' }, { url: 'mqtt://h:1883', tls: false }],
    [{ MQTT_HOST: 'h', AGENT_JOBS_MQTT_URL: '' }, { url: 'mqtt://h:1883' }],
    [
      { MQTT_HOST: '::1', MQTT_PORT: '99' },
      { url: 'mqtt://[::1]:99', host: '::1' },
    ],
    [
      { MQTT_HOST: 'h', MQTT_TLS: '1' },
      { url: 'mqtts://h:8883', tls: true },
    ],
    [
      { MQTT_HOST: 'h', MQTT_TLS: '0', MQTT_USER: 'u' },
      { tls: false, username: 'u' },
    ],
    [{ MQTT_HOST: 'h', MQTT_TOPIC_PREFIX: 'lab/jobs' }, { prefix: 'lab/jobs' }],
  ])('of %j is %j', (env, expected) =>
    expect(settings(env)).toMatchObject({ ...DEFAULTS, source: 'environment', ...expected }),
  )

  it.each<[Record<string, string>, string]>([
    [{ AGENT_JOBS_MQTT_URL: `localhost ${SECRET}` }, 'AGENT_JOBS_MQTT_URL is not a URL'],
    [{ AGENT_JOBS_MQTT_URL: `ws://u:${SECRET}@h` }, 'AGENT_JOBS_MQTT_URL has the scheme ws://'],
    [{ AGENT_JOBS_MQTT_URL: 'constructor://h' }, 'AGENT_JOBS_MQTT_URL has the scheme constructor://'],
    [{ AGENT_JOBS_MQTT_URL: `mqtt://u:${SECRET}@` }, 'AGENT_JOBS_MQTT_URL '],
    [{ AGENT_JOBS_MQTT_URL: 'mqtt:///x' }, 'AGENT_JOBS_MQTT_URL names no machine'],
    [{ AGENT_JOBS_MQTT_URL: 'mqtt://h/topic' }, 'AGENT_JOBS_MQTT_URL has something behind the port'],
    [{ AGENT_JOBS_MQTT_URL: 'mqtt://h?x=1' }, 'AGENT_JOBS_MQTT_URL has something behind the port'],
    [{ AGENT_JOBS_MQTT_URL: 'mqtt://h:0' }, 'AGENT_JOBS_MQTT_URL has a wrong port'],
    [{ AGENT_JOBS_MQTT_URL: 'mqtt://h:65536' }, 'AGENT_JOBS_MQTT_URL is not a URL'],
    [
      { AGENT_JOBS_MQTT_URL: `mqtt://u:%E0${SECRET}@h` },
      'AGENT_JOBS_MQTT_URL has a user name or password with a broken',
    ],
    [{ AGENT_JOBS_MQTT_URL: `mqtt://:${SECRET}@h` }, 'MQTT_PASSWORD gives a password, and there is no user name'],
    [{ MQTT_HOST: 'h h' }, 'MQTT_HOST is not the name'],
    [{ MQTT_HOST: '-oProxy' }, 'MQTT_HOST is not the name'],
    [{ MQTT_HOST: 'mqtt://h' }, 'MQTT_HOST is not the name'],
    [{ MQTT_HOST: 'h', MQTT_PORT: '0' }, 'MQTT_PORT has a wrong port'],
    [{ MQTT_HOST: 'h', MQTT_PORT: '1e3' }, 'MQTT_PORT has a wrong port'],
    [{ MQTT_HOST: 'h', MQTT_TLS: 'maybe' }, 'MQTT_TLS is neither 1 nor 0'],
    [{ MQTT_HOST: 'h', MQTT_PASSWORD: SECRET }, 'MQTT_PASSWORD gives a password, and there is no user name'],
    [{ MQTT_HOST: 'h', MQTT_TOPIC_PREFIX: 'a/#' }, 'MQTT_TOPIC_PREFIX has a wildcard'],
    [
      { MQTT_HOST: 'h', MQTT_USER: 'u', MQTT_PASSWORD_FILE: '/nowhere' },
      'MQTT_PASSWORD_FILE names a file that cannot be',
    ],
    [{ MQTT_HOST: 'h', MQTT_TLS: '1', MQTT_CA_FILE: '/nowhere' }, 'MQTT_CA_FILE names a file that cannot be read'],
    [{ MQTT_HOST: 'h', MQTT_TLS: '1', MQTT_CA_FILE: '/dev/null' }, 'MQTT_CA_FILE names something that is not'],
  ])('of %j is refused: %s', (env, why) => expect(refusal(env)).toContain(why))

  it('has its password and certificates from files', () => {
    const env = {
      MQTT_HOST: 'h',
      MQTT_TLS: '1',
      MQTT_USERNAME: 'u',
      MQTT_PASSWORD_FILE: file('password', `${SECRET}\n`),
      MQTT_CA_FILE: file('ca.pem', PEM),
      MQTT_CERT_FILE: file('cert.pem', PEM),
      MQTT_KEY_FILE: file('key.pem', PEM),
    }
    expect(settings(env)).toMatchObject({ password: SECRET, ca: PEM, cert: PEM, key: PEM })
    const { MQTT_KEY_FILE: _key, ...halved } = env
    expect(refusal(halved)).toContain('MQTT_CERT_FILE needs the other half')
    expect(refusal({ ...env, MQTT_TLS: '0' })).toContain('MQTT_CA_FILE is set, and mqtt://h:1883 is without TLS')
    expect(refusal({ ...env, MQTT_CA_FILE: env.MQTT_PASSWORD_FILE })).toContain('MQTT_CA_FILE names a file without')
  })

  it('gets no file as a password that is none', () => {
    const key = file('id', `${SECRET}\nsecond line\n`)
    for (const path of [key, file('empty', ''), file('long', 'x'.repeat(1001))])
      expect(refusal({ MQTT_HOST: 'h', MQTT_USER: 'u', MQTT_PASSWORD_FILE: path })).toContain(
        'MQTT_PASSWORD_FILE names a file that does not hold one line',
      )
  })

  it('may be no broker at all, whatever else is said', () => {
    makeSecretsFolder(folder)
    writeBrokerFile(folder, { port: 5, username: 'u', password: 'p'.repeat(64) })
    expect(settings({ AGENT_JOBS_MQTT_URL: 'off', MQTT_HOST: 'h' }, { url: 'mqtt://c' })).toBeUndefined()
  })
})

describe('the broker of the config', () => {
  it('comes after that of the environment, with credentials of its own alone', () => {
    const config = {
      url: 'mqtts://c.example.org',
      topic_prefix: 'lab/jobs',
      accept_unsigned: true,
      username: 'u',
      password_file: file('secret', SECRET).replace(world.home, '~'),
      ca_file: file('ca.pem', PEM),
    }
    expect(settings({}, config)).toEqual({
      url: 'mqtts://c.example.org:8883',
      host: 'c.example.org',
      port: 8883,
      tls: true,
      username: 'u',
      password: SECRET,
      ca: PEM,
      prefix: 'lab/jobs',
      acceptUnsigned: true,
      source: 'config',
    })
    const env = { MQTT_USERNAME: 'mine', MQTT_PASSWORD: 'not for c' }
    expect(settings(env, { url: 'mqtt://c' })).toEqual({
      ...DEFAULTS,
      url: 'mqtt://c:1883',
      host: 'c',
      port: 1883,
      tls: false,
      source: 'config',
    })
    expect(settings({ MQTT_HOST: 'h' }, config)).toMatchObject({ host: 'h', prefix: 'lab/jobs', acceptUnsigned: true })
    expect(settings({ MQTT_HOST: 'h' }, config)).not.toHaveProperty('password')
  })

  it.each([
    ['bus: {url: "mqtt://u:p@h"}', 'bus.url: a password does not stand in this file'],
    ['bus: {url: "mqtt://h", password: x}', ': bus: '],
    ['bus: {password_file: secrets/p}', 'bus.password_file: expected a path that starts with `/` or `~/`'],
    ['bus: {topic_prefix: "a/+"}', 'bus.topic_prefix: expected words between `/`'],
    ['bus: {accept_unsigned: "yes"}', 'bus.accept_unsigned: Invalid input'],
  ])('that says %s is refused', async (text, why) => {
    const path = join(world.workspace, '.hermes/agent-sessions.config.yaml')
    write(path, `${text}\n`)
    await expect(readConfig(path)).rejects.toMatchObject({
      code: 'config-broken',
      message: expect.stringContaining(why),
    })
  })

  it('is read from the file', async () => {
    const path = join(world.workspace, '.hermes/agent-sessions.config.yaml')
    write(path, 'bus:\n  url: mqtt://u@h:7\n  accept_unsigned: true\n')
    const { bus } = await readConfig(path)
    expect(settings({}, bus)).toMatchObject({
      url: 'mqtt://h:7',
      username: 'u',
      acceptUnsigned: true,
      source: 'config',
    })
  })

  it('that cannot be right is refused by the name of its key', () => {
    expect(refusal({}, { url: 'nonsense' })).toContain('bus.url is not a URL')
    expect(refusal({}, { url: 'mqtt://c', password_file: file('p', SECRET) })).toContain('bus.password_file gives')
    expect(refusal({}, { url: 'mqtts://c', key_file: file('k', PEM) })).toContain('bus.key_file needs the other half')
    expect(refusal({}, { url: 'mqtt://c', ca_file: file('c', PEM) })).toContain('bus.ca_file is set, and mqtt://c:1883')
  })
})
