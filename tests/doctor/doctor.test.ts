/** `doctor`: what is there, what is not, and what to do about it. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { programVersion } from '#lib/doctor/program-version.ts'
import { lockFinding, nodeFinding } from '#lib/doctor/programs.ts'
import { start } from '../harness/command.ts'
import { jobsFolder, writeJob } from '../harness/jobs.ts'
import { bare } from '../harness/live-create.ts'
import { lives, nowSec } from '../harness/processes.ts'
import { writeRegistry, writeText } from '../harness/rows.ts'
import { newSession, tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'
import { mosquitto } from '../subscribe/mosquitto.ts'

interface Finding {
  check: string
  state: string
  text: string
  remedy: string | null
}

async function doctor(world: World, args: string[] = []) {
  const { code, stdout, stderr } = await bare(world, ['doctor', '--json', ...args])
  expect(stderr).not.toContain('internal')
  const { findings } = JSON.parse(stdout) as { findings: Finding[] }
  return { code, findings, of: (check: string) => findings.filter(one => one.check === check) }
}

/** A PATH with these programs and nothing else. */
function pathOf(world: World, scripts: Record<string, string>): string {
  const folder = join(world.root, 'few')
  mkdirSync(folder)
  for (const [name, text] of Object.entries(scripts)) writeFileSync(join(folder, name), text, { mode: 0o755 })
  return folder
}

test('all is well where nothing is amiss, and nothing is written', async () => {
  const world = makeWorld()
  writeRegistry(world, [])
  const files = () => [world.workspace, world.home].map(place => readdirSync(place, { recursive: true }))
  const before = [files(), readFileSync(world.registry, 'utf8')]
  const { code, of } = await doctor(world)
  expect(code).toBe(0)
  expect([files(), readFileSync(world.registry, 'utf8')]).toEqual(before)
  expect(of('node')).toMatchObject([{ state: 'good', text: process.version }])
  expect(of('tmux')).toMatchObject([{ state: 'good', text: expect.stringMatching(/^tmux \d/) }])
  expect(of('tmux server default')).toMatchObject([{ state: 'none' }])
  expect(of('lock')).toMatchObject([{ state: 'good' }])
  expect(of('registry')).toMatchObject([{ state: 'good', text: expect.stringContaining('0 rows, 0 running') }])
  expect(of('monitor')).toMatchObject([{ state: 'none' }])
  expect(of('broker')).toMatchObject([{ state: 'none' }])
  expect(of('jobs')).toMatchObject([{ state: 'none' }])
})

describe('programs', () => {
  test('that are missing are told with the way to them', async () => {
    const world = makeWorld()
    const folder = pathOf(world, {})
    symlinkSync(process.execPath, join(folder, 'node'))
    world.env['PATH'] = folder
    const { code, of } = await doctor(world)
    expect(code).toBe(1)
    expect(of('tmux')).toMatchObject([{ state: 'bad', remedy: expect.stringContaining('apt-get install tmux') }])
    expect(of('tmux server default')).toMatchObject([{ state: 'unknown' }])
    expect(of('agent claude')).toMatchObject([{ state: 'none', text: expect.stringContaining('not on the PATH') }])
  })

  test('that are too old, or say nothing, are not taken for good ones', async () => {
    const world = makeWorld()
    const folder = pathOf(world, {
      tmux: '#!/bin/sh\necho tmux 2.9\n',
      claude: '#!/bin/sh\necho "2.1.197 (Claude Code)"\n',
      codex: '#!/bin/sh\nexit 3\n',
      gemini: '#!/bin/sh\nexit 0\n',
    })
    world.env['PATH'] = `${folder}:${world.env['PATH']}`
    const { of } = await doctor(world)
    expect(of('tmux')).toMatchObject([{ state: 'bad', text: 'tmux 2.9', remedy: expect.stringContaining('3.2') }])
    expect(of('agent claude')).toMatchObject([{ state: 'good', text: '2.1.197 (Claude Code)', remedy: null }])
    expect(of('agent codex')).toMatchObject([{ state: 'unknown', text: expect.stringContaining('it left with 3') }])
    expect(of('agent gemini')).toMatchObject([{ state: 'unknown', text: expect.stringContaining('it said nothing') }])
  })

  test.runIf(process.platform === 'linux')('without flock the lock is a weaker one', async () => {
    expect(await lockFinding('no-such-flock')).toMatchObject({
      state: 'warning',
      remedy: expect.stringContaining('util-linux'),
    })
  })

  test('without a folder for passing files the lock is not known, and all else is told', async () => {
    const world = makeWorld()
    world.env['TMPDIR'] = join(world.root, 'nowhere')
    const { code, of } = await doctor(world)
    expect(code).toBe(0)
    expect(of('lock')).toMatchObject([{ state: 'unknown', remedy: expect.stringContaining('$TMPDIR') }])
    expect(of('node')).toMatchObject([{ state: 'good' }])
  })

  test('that hang are given up, with what they started', async () => {
    const world = makeWorld()
    const pid = join(world.root, 'pid')
    const folder = pathOf(world, {
      slow: `#!/bin/sh\nsleep 600 &\necho $! > '${pid}.new'; mv '${pid}.new' '${pid}'; wait\n`,
    })
    const asked = programVersion(join(folder, 'slow'), world.env, 5000)
    const child = await until('its child', () => existsSync(pid) && Number(readFileSync(pid, 'utf8')))
    expect(await asked).toEqual({ kind: 'unknown', why: 'it did not answer in 5 s' })
    await until('the end of its child', () => !lives(child))
  })

  test.each([
    ['v20.18.9', 'bad'],
    ['v20.19.0', 'good'],
    ['v24.1.0', 'good'],
    ['v18.20.0', 'bad'],
  ])('node %s is %s', (version, state) => {
    expect(nodeFinding(version).state).toBe(state)
  })
})

test('a server that runs is counted, one that hangs is unknown', async () => {
  const world = makeWorld()
  writeRegistry(world, [])
  const live = newSession(world, 'lab', 'one', world.workspace, ['sleep', '600'])
  expect((await doctor(world, ['--server', 'lab'])).of('tmux server lab')).toMatchObject([{ text: '1 session' }])
  process.kill(live.serverPid, 'SIGSTOP')
  try {
    const { code, of } = await doctor(world, ['--server', 'lab'])
    expect(of('tmux server lab')).toMatchObject([{ state: 'unknown', text: expect.stringContaining('not answer') }])
    expect(code).toBe(0)
  } finally {
    process.kill(live.serverPid, 'SIGCONT')
  }
  expect(tmux(world, 'lab', ['list-sessions', '-F', '#{session_name}'])).toBe('one\n')
})

describe('a registry', () => {
  test('that is broken is told with its line, and with the way back', async () => {
    const world = makeWorld()
    writeText(world, 'tmux_sessions:\n  - name: "\n')
    const { code, of } = await doctor(world)
    expect(code).toBe(1)
    expect(of('registry')).toMatchObject([
      { state: 'bad', text: expect.stringMatching(/agent-sessions\.yaml:\d+:\d+/) },
    ])
  })

  test('that others may write to is told', async () => {
    const world = makeWorld()
    writeRegistry(world, [])
    chmodSync(world.registry, 0o666)
    const { code, of } = await doctor(world)
    expect(code).toBe(0)
    expect(of('registry')).toMatchObject([{ state: 'warning', remedy: `chmod go-w ${world.registry}` }])
  })

  test('that was named and is not there is a fault; without one there is none yet', async () => {
    const world = makeWorld()
    const cwd = join(world.root, 'elsewhere')
    mkdirSync(cwd)
    world.env['AGENT_SESSIONS_YAML'] = undefined as unknown as string
    const none = await bare(world, ['doctor', '--json'], { cwd })
    expect(none.code).toBe(0)
    expect(JSON.parse(none.stdout).findings).toContainEqual(
      expect.objectContaining({ check: 'registry', state: 'none' }),
    )
    const { code, of } = await doctor(world, ['--registry', join(cwd, 'no.yaml')])
    expect([code, of('registry')[0]?.state]).toEqual([1, 'bad'])
  })

  test('that is gone and has left its .bak is told with the way back', async () => {
    const world = makeWorld()
    writeFileSync(`${world.registry}.bak`, 'tmux_sessions: []\n')
    const text = expect.stringContaining('.bak')
    const remedy = expect.stringContaining(`agent-sessions restore --registry ${world.registry}`)
    expect((await doctor(world)).of('registry')).toMatchObject([{ state: 'warning', text, remedy }])
    const { code, of } = await doctor(world, ['--registry', world.registry])
    expect(code).toBe(1)
    expect(of('registry')).toMatchObject([{ state: 'bad', text, remedy }])
  })

  test('that is yet to come has its config already: its agents are looked at, and its faults told', async () => {
    const world = makeWorld()
    const config = join(dirname(world.registry), 'agent-sessions.config.yaml')
    writeFileSync(config, 'agents:\n  mybot:\n    process: [no-such-bot]\n    start: [--session, "{id}"]\n')
    expect((await doctor(world)).of('agent mybot')).toMatchObject([{ text: expect.stringContaining('no-such-bot') }])
    writeFileSync(config, 'agents: 1\n')
    expect((await doctor(world)).of('config')).toMatchObject([{ state: 'bad' }])
  })

  test('has a monitor or not', async () => {
    const world = makeWorld()
    writeRegistry(world, [])
    const monitor = start(world, 'reconcile', ['--watch', '--interval', '60'])
    onTestFinished(() => void monitor.kill())
    const seen = await until('the monitor', async () => {
      const [found] = (await doctor(world)).of('monitor')
      // Its name is in the lock's file a moment after it has the lock.
      return found?.state === 'good' && found.text.endsWith('(reconcile)') && found
    })
    expect(seen.text).toBe(`pid ${monitor.pid} (reconcile)`)
  })
})

describe('jobs', () => {
  test('are counted; what others could read, and what cannot be read, is told', async () => {
    const world = makeWorld()
    writeRegistry(world, [])
    writeJob(world, 'lab-creator-claude')
    expect((await doctor(world)).of('jobs')).toMatchObject([{ state: 'good', text: '1 job, 1 open' }])
    // Nobody has written yet that its time is over.
    writeJob(world, 'lab-creator-claude', { expires_at_epoch: nowSec() - 60 })
    expect((await doctor(world)).of('jobs')).toMatchObject([{ state: 'good', text: '2 jobs, 1 open' }])
    writeFileSync(join(jobsFolder(world), '20260101T000000-0000000a.json'), '{', { mode: 0o600 })
    chmodSync(jobsFolder(world), 0o755)
    const { code, of } = await doctor(world)
    expect(code).toBe(1)
    const bad = of('jobs').filter(({ state }) => state === 'bad')
    expect(bad.map(({ remedy }) => remedy)).toEqual([`chmod 700 ${jobsFolder(world)}`, 'Mend it, or move it away'])
  })
})

describe('a broker', () => {
  test('lets us in, or is told with its reason; no password is shown', async () => {
    const world = makeWorld()
    writeRegistry(world, [])
    const { env } = await mosquitto(world)
    Object.assign(world.env, env)
    expect((await doctor(world)).of('broker')).toMatchObject([{ state: 'good' }])
    world.env['MQTT_PASSWORD'] = 'wrong-hunter2'
    const { code, findings, of } = await doctor(world)
    expect([code, of('broker')[0]?.state]).toEqual([1, 'bad'])
    expect(of('broker')[0]?.text).toMatch(/refused/)
    expect(JSON.stringify(findings)).not.toContain('hunter2')
  })

  test('that is not there, or never answers, holds nobody up', async () => {
    const world = makeWorld()
    writeRegistry(world, [])
    world.env['AGENT_JOBS_MQTT_URL'] = 'mqtt://127.0.0.1:1'
    expect((await doctor(world)).of('broker')).toMatchObject([
      { state: 'bad', text: expect.stringContaining('nobody listens there') },
    ])
    const silent = createServer(() => undefined)
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void silent.close())
    const address = silent.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    world.env['AGENT_JOBS_MQTT_URL'] = `mqtt://127.0.0.1:${address.port}`
    expect((await doctor(world)).of('broker')).toMatchObject([
      { state: 'bad', text: expect.stringContaining('in time') },
    ])
  })
})

test('a card that cannot be reached is told', async () => {
  const world = makeWorld()
  const folder = pathOf(world, { hermes: '#!/bin/sh\necho "kanban: database is locked" >&2\nexit 1\n' })
  world.env['PATH'] = `${folder}:${world.env['PATH']}`
  world.env['HERMES_KANBAN_TASK'] = 't_1a2b'
  const { code, of } = await doctor(world)
  expect(code).toBe(1)
  expect(of('card')).toMatchObject([{ state: 'bad', text: expect.stringContaining('database is locked') }])
})

test('for people it is a table with the remedies below', async () => {
  const world = makeWorld()
  writeText(world, 'tmux_sessions: [\n')
  const { code, stdout } = await bare(world, ['doctor'])
  expect(code).toBe(1)
  expect(stdout).toMatch(/^bad {2,}registry {2,}/m)
  expect(stdout).toMatch(/1 bad, 0 warnings, \d+ unknown\n$/)
})
