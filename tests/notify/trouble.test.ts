/** Notifiers that hang, fail or are not there, and texts that somebody else chose. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { uuid } from '../harness/agents.ts'
import { run } from '../harness/command.ts'
import { writeJob } from '../harness/jobs.ts'
import { fullRow, rowOf, writeRegistry } from '../harness/rows.ts'
import { CLAUDE, claudeSession, inWorkspace } from '../harness/sessions.ts'
import { killSession } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { countPasses, leave, monitor, morePasses, notifiedWorld, statusOf, writeConfig } from './notified.ts'

describe('a notifier that hangs', () => {
  it('holds no pass up, and is ended after 10 s with what it started', async () => {
    const { world, notifier, session, is } = notifiedWorld(['needs-permission'])
    notifier.setMode('hang')
    is('waiting')
    const one = monitor(world)
    await until('the notice', () => notifier.given().length > 0)
    expect(notifier.running()).toBe(2)
    await killSession(world, session)
    await until('the death on record', () => rowOf(world, CLAUDE)['status'] === 'terminated', { timeoutMs: 8000 })
    expect(notifier.running()).toBe(2)
    await until('its end', () => notifier.running() === 0, { timeoutMs: 15_000 })
    await until('the line', () => one.stderr() !== '')
    expect(one.stderr()).toMatch(
      /^reconcile: the notice needs-permission to .*node.* failed: it did not end within 10 s\n$/,
    )
    expect(await leave(one)).toBe(0)
  })

  it('is ended with a monitor that leaves, after a moment', async () => {
    const { world, notifier, is } = notifiedWorld(['needs-permission'])
    notifier.setMode('hang')
    is('waiting')
    const one = monitor(world)
    await until('the notice', () => notifier.given().length > 0)
    const began = Date.now()
    expect(await leave(one)).toBe(0)
    // Not when the notifier's own 10 s are over.
    expect(Date.now() - began).toBeLessThan(8500)
    await until('nothing of it is left', () => notifier.running() === 0)
  })
})

it('one that fails is said so once, and once when it is given again', async () => {
  const { world, notifier, is } = notifiedWorld(['needs-permission'])
  countPasses(world)
  notifier.setMode('fail')
  const one = monitor(world)
  for (let n = 1; n <= 3; n++) {
    if (n === 3) notifier.setMode('')
    is('waiting')
    await until(`notice ${n}`, () => notifier.given().length === n)
    // Not ended with the monitor, which would be a failure more.
    await until('its end', () => notifier.running() === 0)
    is('busy')
    await morePasses(world, 1)
  }
  expect(await leave(one)).toBe(0)
  const name = `needs-permission to ${process.execPath}`
  expect(one.stderr()).toBe(
    `reconcile: the notice ${name} failed: exit 3\nreconcile: the notice ${name} is given again\n`,
  )
})

it('one that is not there ends no monitor', async () => {
  const { world, is } = notifiedWorld([])
  countPasses(world)
  writeConfig(world, { all: { command: ['no-such-notifier'] } })
  is('waiting')
  const one = monitor(world)
  await until('the line', () => one.stderr() !== '')
  await morePasses(world)
  expect(await leave(one)).toBe(0)
  expect(one.stderr()).toBe(
    'reconcile: the notice needs-permission to no-such-notifier failed: there is no such program\n',
  )
})

it('one that does not read what it is told is none that fails', async () => {
  const { world, notifier, is } = notifiedWorld(['needs-permission'])
  notifier.setMode('deaf')
  is('waiting')
  const one = monitor(world)
  await until('the notice', () => notifier.given().length > 0)
  await until('its end', () => notifier.running() === 0)
  expect(await leave(one)).toBe(0)
  expect(one.stderr()).toBe('')
})

it('never more than three run at once, and all are given', async () => {
  const { world, notifier } = notifiedWorld(['needs-permission'])
  notifier.setMode('slow')
  const sessions = Array.from({ length: 8 }, (_, n) => {
    const name = `s${n}-creator-claude`
    const session = claudeSession(world, { name, cwd: inWorkspace(world, name) })
    statusOf(world, session, n + 10)('waiting')
    return fullRow(session, { claude_session_id_own: uuid(n + 10) })
  })
  writeRegistry(world, sessions)
  const one = monitor(world)
  await until('the second three', () => notifier.given().length > 3)
  // It is to leave before they all are given: those that wait are given first.
  expect(await leave(one)).toBe(0)
  expect(notifier.given()).toHaveLength(8)
  expect(Math.max(...notifier.given().map(({ most }) => most))).toBeLessThanOrEqual(3)
  expect(new Set(notifier.payloads().map(({ session }) => session)).size).toBe(8)
})

describe('what somebody else chose', () => {
  const HOSTILE = '$(touch x) `touch y`; "q" \'s\' {title} \u001b[31m\u202e\nsecond -- --flag'

  it('is text in one argument, whatever stands in it', async () => {
    const { world, notifier, is } = notifiedWorld(
      ['needs-permission'],
      ['<{detail}>', '{detail}', '{unknown}', '$HOME'],
    )
    is('waiting', { waitingFor: HOSTILE })
    const one = monitor(world)
    await until('the notice', () => notifier.given().length > 0)
    await leave(one)
    const clean = '$(touch x) `touch y`; "q" \'s\' {title} \\x1b[31m\\x0asecond -- --flag'
    const [given] = notifier.given()
    expect(given?.argv).toEqual([`<${clean}>`, clean, '{unknown}', '$HOME'])
    expect(given?.env['AGENT_SESSIONS_DETAIL']).toBe(clean)
    expect(notifier.payloads()[0]?.['detail']).toBe(clean)
    for (const name of ['x', 'y']) expect(existsSync(join(world.workspace, name))).toBe(false)
  })

  it('becomes no option, no secret goes out, and what is long is cut', async () => {
    const { world, notifier } = notifiedWorld(['job-ended'], ['{detail}', '--summary={detail}', '{text}'])
    world.env['OUR_API_KEY'] = 'correcthorsebattery'
    countPasses(world)
    const one = monitor(world)
    await morePasses(world, 1)
    const summary = `--exec=correcthorsebattery ghp_abcdefghijklmnopqrstuvwxyz ${'long '.repeat(300)}`
    writeJob(world, CLAUDE, { state: 'error', summary, session: { name: CLAUDE, server: 'lab' } })
    await until('the notice', () => notifier.given().length > 0)
    await leave(one)
    const [given] = notifier.given()
    expect(given?.argv[0]).toMatch(/^ --exec=\[redacted\] \[redacted\] long /)
    expect(given?.argv[1]).toMatch(/^--summary=--exec=\[redacted\]/)
    expect(given?.argv[0]?.length).toBeLessThan(510)
    // The notifier inherits the environment, as every program does; what it is told holds none of it.
    expect(given?.stdin).not.toMatch(/correcthorse|ghp_/)
  })
})

describe('a wrong `notify:` is refused with its place', () => {
  it.each([
    ['notify:\n  needs-permision: {url: https://x}\n', ':2:3: notify'],
    ['notify:\n  drift: {}\n', ':2:10: notify.drift: expected one of `command`, `url` and `url_file`'],
    ['notify:\n  drift: {url: https://x, command: [y]}\n', ':2:10: notify.drift: expected one of'],
    ['notify:\n  drift: {command: notify-send hi}\n', ':2:20: notify.drift.command: '],
    ['notify:\n  drift: {command: [notify-send hi]}\n', ':2:20: notify.drift.command: expected a program on the PATH'],
    ['notify:\n  drift: {command: [./notify]}\n', ':2:20: notify.drift.command: expected a program on the PATH'],
    ['notify:\n  drift: {command: []}\n', ':2:20: notify.drift.command: expected a program and'],
    ['notify:\n  drift:\n    - {command: [x]}\n    - {url: "ftp://x"}\n', ':4:13: notify.drift.1.url: expected a URL'],
    [
      'notify:\n  drift: {url: "https://me:pw@x/"}\n',
      ':2:16: notify.drift.url: a password does not stand in this file',
    ],
    ['notify:\n  all: {url_file: hook}\n', ':2:19: notify.all.url_file: expected a path that starts with'],
    ['notify: yes\n', ':1:9: notify'],
  ])('%j', async (text, why) => {
    const { world } = notifiedWorld([])
    const path = join(world.workspace, '.hermes/agent-sessions.config.yaml')
    writeFileSync(path, text)
    const ran = await run(world, 'reconcile', ['--watch', '--timeout', '1'])
    expect([ran.code, ran.stdout]).toEqual([2, ''])
    expect(ran.stderr).toContain(`${path}${why}`)
  })
})
