import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  makeSecretsFolder,
  readBrokerFile,
  readBrokerNote,
  removeBrokerFile,
  secretsFolder,
  writeBrokerFile,
} from '#lib/bus/broker-file.ts'
import type { BusConfig } from '#lib/bus/config-schema.ts'
import { busSettings } from '#lib/bus/settings.ts'
import { write } from '../harness/agents.ts'
import { HERE, startOf } from '../harness/processes.ts'
import { makeWorld, type World } from '../harness/world.ts'

let world: World
let folder: string
beforeEach(() => {
  world = makeWorld()
  folder = secretsFolder(world.registry)
})

const settings = (env: Record<string, string>, config?: BusConfig) => busSettings({ env, config, folder })

describe('the embedded broker on record', () => {
  const password = 'p'.repeat(64)
  const note = (changes: object = {}) => ({
    url: 'mqtt://127.0.0.1:4321',
    port: 4321,
    username: 'agent-sessions',
    password,
    pid: process.pid,
    pid_start: startOf(process.pid),
    boot_id: HERE.bootId,
    ...changes,
  })
  const put = (value: unknown, mode = 0o600) => {
    makeSecretsFolder(folder)
    const path = join(folder, 'broker.json')
    writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value))
    chmodSync(path, mode)
    return path
  }

  it('is used where nothing else is named', () => {
    expect(settings({})).toBeUndefined()
    makeSecretsFolder(folder)
    writeBrokerFile(folder, { port: 4321, username: 'agent-sessions', password })
    expect(settings({}, { accept_unsigned: true })).toEqual({
      url: 'mqtt://127.0.0.1:4321',
      host: '127.0.0.1',
      port: 4321,
      tls: false,
      username: 'agent-sessions',
      password,
      prefix: 'python/mqtt/jobs',
      acceptUnsigned: true,
      source: 'embedded',
    })
    expect(settings({ MQTT_HOST: 'h' })?.source).toBe('environment')
    removeBrokerFile(folder)
    expect(settings({})).toBeUndefined()
  })

  it('stands in a folder and a file for this user alone, and not in git', () => {
    makeSecretsFolder(folder)
    writeBrokerFile(folder, { port: 4321, username: 'agent-sessions', password })
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(statSync(join(folder, 'broker.json')).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(folder, '.gitignore'), 'utf8')).toBe('*\n')
    chmodSync(folder, 0o755)
    makeSecretsFolder(folder)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(readBrokerFile(folder)).toMatchObject(note())
  })

  it.each<[string, () => unknown]>([
    ['of a dead process', () => note({ pid: 2 ** 22 + 1 })],
    ['of an earlier process of this pid', () => note({ pid_start: '1' })],
    ['of another boot', () => note({ boot_id: 'another' })],
    ['without a boot, as a clone could carry one', () => note({ pid: 1, boot_id: undefined })],
    ['at another address', () => note({ url: 'mqtt://broker.example.org:4321' })],
    ['without a password', () => note({ password: '' })],
    ['half written', () => '{"url":'],
    ['too large', () => note({ more: 'x'.repeat(20_000) })],
  ])('%s is none', (_what, value) => {
    put(value())
    expect(readBrokerFile(folder)).toBeUndefined()
    expect(settings({})).toBeUndefined()
  })

  it('that others can read, or that is a link, is not used and not overlooked', () => {
    const path = put(note(), 0o640)
    expect(() => readBrokerFile(folder)).toThrowError(expect.objectContaining({ code: 'not-ours' }))
    expect(() => settings({})).toThrowError(expect.objectContaining({ code: 'not-ours' }))
    expect(() => readBrokerFile(folder)).not.toThrowError(password)
    const elsewhere = join(world.home, 'broker.json')
    write(elsewhere, JSON.stringify(note()))
    chmodSync(elsewhere, 0o600)
    chmodSync(path, 0o600)
    writeFileSync(path, '')
    const linked = join(world.root, 'linked')
    mkdirSync(linked, { mode: 0o700 })
    symlinkSync(elsewhere, join(linked, 'broker.json'))
    expect(() => readBrokerNote(linked)).toThrowError(expect.objectContaining({ code: 'not-ours' }))
  })

  it('of another process stays when we remove ours', () => {
    const path = put(note({ pid: 1, pid_start: startOf(1) }))
    removeBrokerFile(folder)
    expect(existsSync(path)).toBe(true)
  })

  it('gets no folder through a link that a clone brought', () => {
    const target = join(world.root, 'target')
    mkdirSync(target)
    symlinkSync(target, folder)
    expect(() => makeSecretsFolder(folder)).toThrowError(expect.objectContaining({ code: 'not-ours' }))
    expect(lstatSync(target).mode & 0o777).not.toBe(0o700)
    expect(existsSync(join(target, '.gitignore'))).toBe(false)
  })
})
