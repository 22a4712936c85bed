/** Notices to a URL: a loopback server that keeps what it gets. */
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { rowOf } from '../harness/rows.ts'
import { CLAUDE } from '../harness/sessions.ts'
import { killSession } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { countPasses, leave, makeHook, monitor, morePasses, notifiedWorld, writeConfig } from './notified.ts'

describe('a URL', () => {
  it('gets the notice as JSON', async () => {
    const { world, is } = notifiedWorld([])
    const hook = await makeHook()
    writeConfig(world, { 'needs-permission': { url: `${hook.url}/in?a=1` } })
    is('waiting', { waitingFor: 'trust' })
    const one = monitor(world)
    await until('the notice', () => hook.received.length > 0)
    expect(await leave(one)).toBe(0)
    const [{ path, type, body }] = hook.received as [(typeof hook.received)[0]]
    expect([path, type]).toEqual(['POST /in?a=1', 'application/json'])
    expect(JSON.parse(body)).toMatchObject({ schema: 1, kind: 'needs-permission', session: CLAUDE, detail: 'trust' })
    expect(one.stderr()).toBe('')
  })

  it.each([
    [500, 'it answered 500'],
    [404, 'it answered 404'],
    [307, 'it answered 307: redirects are not followed'],
  ])('that answers %i is trouble, and gets nothing a second time', async (status, why) => {
    const { world, is } = notifiedWorld([])
    countPasses(world)
    const [hook, other] = [await makeHook(), await makeHook()]
    hook.answer = { status, headers: { location: other.url } }
    writeConfig(world, { 'needs-permission': { url: `${hook.url}/top-secret` } })
    is('waiting')
    const one = monitor(world)
    await until('the line', () => one.stderr() !== '')
    await morePasses(world)
    expect(await leave(one)).toBe(0)
    const host = hook.url.replace('http://', '')
    expect(one.stderr()).toBe(`reconcile: the notice needs-permission to ${host} failed: ${why}\n`)
    expect([hook.received.length, other.received.length]).toEqual([1, 0])
  })

  it('that does not answer is given up after 10 s, and nothing waits for it', async () => {
    const { world, session, is } = notifiedWorld([])
    const hook = await makeHook()
    hook.answer = undefined
    writeConfig(world, { 'needs-permission': { url: hook.url } })
    is('waiting')
    const one = monitor(world)
    await until('the notice', () => hook.received.length > 0)
    await killSession(world, session)
    await until('the death on record', () => rowOf(world, CLAUDE)['status'] === 'terminated', { timeoutMs: 8000 })
    await until('the line', () => one.stderr().includes('no answer within 10 s'), { timeoutMs: 15_000 })
    expect(await leave(one)).toBe(0)
  })

  it('where nobody listens is trouble', async () => {
    const { world, is } = notifiedWorld([])
    writeConfig(world, { all: { url: 'http://127.0.0.1:1/' } })
    is('waiting')
    const one = monitor(world)
    await until('the line', () => one.stderr() !== '')
    expect(await leave(one)).toBe(0)
    expect(one.stderr()).toMatch(/^reconcile: the notice needs-permission to 127.0.0.1:1 failed: it cannot be reached/)
  })

  it('in a file is read where only its user can, and is shown nowhere', async () => {
    const { world, is } = notifiedWorld([])
    countPasses(world)
    const hook = await makeHook()
    const file = join(world.home, 'hook-url')
    writeFileSync(file, `${hook.url}/s3cr3t-path\n`, { mode: 0o644 })
    writeConfig(world, { 'needs-permission': { url_file: '~/hook-url' } })
    const one = monitor(world)
    const again = async (lines: number) => {
      is('busy')
      await morePasses(world, 1)
      is('waiting')
      await until(`line ${lines}`, () => one.stderr().split('\n').length === lines + 1)
    }
    await again(1)
    expect(hook.received).toEqual([])
    chmodSync(file, 0o600)
    await again(2)
    expect(hook.received.map(({ path }) => path)).toEqual(['POST /s3cr3t-path'])
    writeFileSync(file, 'http://user:s3cr3t-path@127.0.0.1:1/\n')
    await again(3)
    expect(await leave(one)).toBe(0)
    expect(one.stderr().split('\n')).toEqual([
      `reconcile: the notice needs-permission to the URL in ~/hook-url failed: ${file} can be read by others: it must be yours, with mode 0600`,
      'reconcile: the notice needs-permission to the URL in ~/hook-url is given again',
      expect.stringContaining('failed: it cannot be reached'),
      '',
    ])
    expect(one.stderr() + one.stdout()).not.toContain('s3cr3t')
  })
})
