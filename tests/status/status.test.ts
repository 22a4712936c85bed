import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { uuid } from '../harness/agents.ts'
import { jsonOf, type Ran, run } from '../harness/command.ts'
import { countTmux } from '../harness/fake-tmux.ts'
import { startMonitor } from '../harness/monitor.ts'
import { traces } from '../harness/passes.ts'
import { end, nowSec } from '../harness/processes.ts'
import { ended, fullRow, writeRegistry } from '../harness/rows.ts'
import { CLAUDE, claudeSession, inWorkspace, LAB } from '../harness/sessions.ts'
import { killSession, newSession, tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'

const HEAD = ['NAME', 'AGENT', 'STATUS', 'STATE', 'JOB', 'DRIFT', 'ID', 'AGE', 'FOLDER']

interface View {
  schema: number
  tmux_confirmed: boolean
  sessions: { name: string; state: string | null; status: string | null; id: string | null; detail?: string | null }[]
}

/** `status`, which never leaves a trace. */
async function status(world: World, args: string[] = [], code = 0): Promise<Ran> {
  const before = traces(world)
  const ran = await run(world, 'agent-sessions', ['status', ...args])
  expect(ran.stderr === '' ? ran.code : `${ran.code} ${ran.stderr}`).toEqual(
    code === 0 ? 0 : expect.stringContaining(`${code} `),
  )
  expect(traces(world), 'status changes nothing on disk').toEqual(before)
  return ran
}

const sessionsOf = async (world: World, args: string[] = []) =>
  jsonOf<View>(await status(world, ['--json', ...args])).sessions

/** Two living, one gone, one stopped; each in a state of its own. */
async function office(world: World): Promise<void> {
  const idle = claudeSession(world, { leaves: { id: uuid(1) } })
  const asks = claudeSession(world, {
    name: 'asks-creator-claude',
    cwd: inWorkspace(world, 'asks'),
    leaves: { id: uuid(2), status: 'waiting', waitingFor: 'permission prompt' },
  })
  const gone = claudeSession(world, { name: 'gone-creator-claude' })
  const stopped = claudeSession(world, { name: 'stopped-creator-claude' })
  await killSession(world, gone)
  await killSession(world, stopped)
  writeRegistry(world, [
    fullRow(idle, { claude_session_id_own: uuid(1), delegate_job_id: 'job-17' }),
    fullRow(asks, { claude_session_id_own: uuid(2) }),
    fullRow(gone),
    ended(fullRow(stopped), 'stopped', nowSec() - 60),
  ])
}

test('the table has its columns, a line per running row, and says what each agent does', async () => {
  const world = makeWorld()
  await office(world)
  const { stdout } = await status(world)
  const lines = stdout.trimEnd().split('\n')
  expect(lines[0]?.trim().split(/ +/)).toEqual(HEAD)
  const lineOf = (name: string) => lines.find(line => line.includes(name)) ?? ''
  expect(lineOf(CLAUDE)).toMatch(/claude +running +idle +unknown job-17 +/)
  expect(lineOf(CLAUDE)).toContain(uuid(1).slice(0, 8))
  expect(lineOf('asks-creator-claude')).toMatch(/running +waiting/)
  expect(lineOf('gone-creator-claude')).toMatch(/running +gone .*A/)
  expect(lineOf('stopped-creator-claude')).toBe('')
  expect(lineOf('asks-creator-claude')).toContain('asks')
})

test('on a narrow terminal the table is cut and no line wraps; a pipe has all of it', async () => {
  const world = makeWorld()
  await office(world)
  const [node, program] = [process.execPath, resolve('bin/agent-sessions.cjs')]
  const reader = newSession(world, 'reader', 'reader', world.workspace, [
    ...['sh', '-c', 'tmux -L reader resize-window -x 50; "$0" "$1" status; sleep 60', node, program],
  ])
  const screen = () => tmux(world, 'reader', ['capture-pane', '-p', '-J', '-t', reader.paneId])
  const seen = await until('the table', () => /ended \(--all/.test(screen()) && screen())
  const lines = seen.trimEnd().split('\n')
  expect(lines.filter(line => line.includes('running')).map(line => line.length)).toEqual([50, 50, 50])
  expect(lines[0]).toMatch(/^NAME .*…$/)
  expect((await status(world)).stdout).not.toContain('…')
})

test('--all shows ended rows too', async () => {
  const world = makeWorld()
  await office(world)
  expect((await status(world, ['--all'])).stdout).toMatch(/stopped-creator-claude.* stopped /)
  expect((await sessionsOf(world, ['--all'])).map(line => line.name)).toContain('stopped-creator-claude')
})

test('--json is one value with a schema number and a state for each session', async () => {
  const world = makeWorld()
  await office(world)
  const view = jsonOf<View>(await status(world, ['--json']))
  expect(view).toMatchObject({ schema: 1, tmux_confirmed: true })
  const states = Object.fromEntries(view.sessions.map(line => [line.name, line.state]))
  expect(states).toEqual({ [CLAUDE]: 'idle', 'asks-creator-claude': 'waiting', 'gone-creator-claude': 'gone' })
})

test.each([
  ['idle', {}, 'idle'],
  ['busy', { status: 'busy' }, 'working'],
  ['waiting', { status: 'waiting', waitingFor: 'permission prompt' }, 'waiting'],
  ['idle after a 429', { rateLimited: true }, 'limited'],
] as const)('an agent whose own word is %s', async (_, leaves, state) => {
  const world = makeWorld()
  writeRegistry(world, [fullRow(claudeSession(world, { leaves: { id: uuid(1), ...leaves } }))])
  const [line] = await sessionsOf(world)
  expect(line).toMatchObject({ name: CLAUDE, state, id: uuid(1) })
  if (state === 'waiting') expect(line?.detail).toBe('permission prompt')
})

test('--compact is one line for a status bar', async () => {
  const world = makeWorld()
  await office(world)
  const { stdout } = await status(world, ['--compact'])
  expect(stdout.trimEnd().split('\n')).toHaveLength(1)
  expect(stdout).toMatch(/^3 running · .*1 waiting/)
  expect(stdout).toMatch(/ · 1 job · /)
  expect(stdout).toMatch(/ · drift A1$/m)
})

test('one name shows that session alone, in full; an ended one too', async () => {
  const world = makeWorld()
  await office(world)
  const { stdout } = await status(world, [CLAUDE])
  expect(stdout).toContain(uuid(1))
  expect(stdout).not.toContain('asks-creator-claude')
  expect((await sessionsOf(world, ['stopped-creator-claude'])).map(line => line.status)).toEqual(['stopped'])
})

test.each(['lab-creator', 'lab-creator-claud', 'lab-creator-claude-2', 'lab*', '=lab-creator-claude'])(
  'a name that is not exactly one of a session is exit 1: %s',
  async name => {
    const world = makeWorld()
    writeRegistry(world, [fullRow(claudeSession(world))])
    const ran = await status(world, [name], 1)
    expect(ran.stderr).toContain(name)
    expect(ran.stdout).toBe('')
  },
)

test('a session without a row is shown with its drift', async () => {
  const world = makeWorld()
  claudeSession(world)
  writeRegistry(world, [])
  const { stdout } = await status(world, ['--server', LAB])
  expect(stdout).toMatch(new RegExp(`${CLAUDE}.* B`))
})

test('many deaths at once are shown as gone? without waiting for a second look', async () => {
  const world = makeWorld()
  const sessions = Array.from({ length: 8 }, (_, i) => claudeSession(world, { name: `lab-${i}-creator-claude` }))
  writeRegistry(
    world,
    sessions.map(session => fullRow(session)),
  )
  for (const session of sessions.slice(0, 5)) await killSession(world, session)
  const calls = countTmux(world)
  const ran = await status(world, ['--json'])
  expect(calls().filter(call => call.includes(`-L ${LAB} `) && call.includes('list-panes'))).toHaveLength(1)
  expect(
    jsonOf<View>(ran)
      .sessions.map(line => line.state)
      .filter(state => state === 'gone?'),
  ).toHaveLength(5)
  expect((await status(world)).stdout).toContain('gone?')
})

test('an empty registry says so', async () => {
  const world = makeWorld()
  writeRegistry(world, [])
  expect((await status(world)).stdout).not.toBe('')
  expect(await sessionsOf(world)).toEqual([])
})

test('control characters of names and folders do not reach the terminal', async () => {
  const world = makeWorld()
  const cwd = inWorkspace(world, 'red\u001b[31m')
  writeRegistry(world, [fullRow(claudeSession(world, { cwd }))])
  for (const args of [[], [CLAUDE], ['--compact']]) expect((await status(world, args)).stdout).not.toContain('\u001b')
})

test('--watch draws again, and leaves with 0 when it is told to or its time is up', async () => {
  const world = makeWorld()
  await office(world)
  const watch = ['status', '--watch', '--interval', '1']
  const monitor = startMonitor(world, watch, 'agent-sessions')
  await until('three drawings', () => monitor.stdout().split('asks-creator-claude').length > 3)
  end(monitor.pid, 'SIGTERM')
  expect(await monitor.left).toBe(0)
  const ran = await run(world, 'agent-sessions', [...watch, '--timeout', '1'])
  expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining('asks-creator-claude')])
})
