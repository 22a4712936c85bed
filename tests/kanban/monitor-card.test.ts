/** The line that makes a monitor's card, pasted into a shell; and what the card then tells its worker to run. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cardFor, runtimeSec } from '#lib/kanban/monitor-card.ts'
import { isCodedError } from '#lib/system/errors.ts'
import { jsonOf, run } from '../harness/command.ts'
import { writeRegistry } from '../harness/rows.ts'
import { until } from '../harness/until.ts'
import { folder, makeWorld, type World } from '../harness/world.ts'
import { type Board, CARD, makeBoard } from './board.ts'

interface Printed {
  schema: number
  argv: string[]
  card?: { id: string; status: string }
  hint?: string | null
}

/** A world with a board that has no card yet, and a workspace of this name. */
function fresh(name = 'shop') {
  const world = makeWorld()
  const board = makeBoard(world)
  board.setCard({ id: 't_another' })
  const workspace = folder(world, name)
  mkdirSync(join(workspace, '.hermes'))
  writeFileSync(join(workspace, '.hermes/agent-sessions.yaml'), 'tmux_sessions: []\n')
  const card = (flags: string[] = [], cwd = workspace) =>
    run(world, 'agent-sessions', ['monitor-card', ...flags], { cwd })
  return { world, board, workspace, card }
}

function paste(world: World, line: string, cwd = world.root) {
  return spawnSync('/bin/sh', ['-c', line], { env: world.env, cwd, encoding: 'utf8' })
}

/** The command between the card's fences. */
function commandIn(board: Board): string {
  const command = /^```sh\n([\s\S]*?)\n```$/m.exec(board.card()['body'] ?? '')?.[1]
  if (command === undefined) throw new Error(`no command in ${board.card()['body']}`)
  return command
}

describe.each([
  ['plain', 'shop'],
  ['with a space', 'my shop'],
  ['with quotes', `it's "the" shop`],
  ['with a line break', 'two\nlines'],
  ['with what a shell would obey', '$(touch owned) `touch owned` \\ ; & | * $HOME'],
  ['with what a template would obey', '{{command}} $& %s'],
  ['beginning with a dash', '--title'],
])('in a workspace %s', (_what, name) => {
  it('the printed line makes the card, run in a shell', async () => {
    const { world, board, workspace, card } = fresh(name)
    const printed = await card()
    expect([printed.code, printed.stderr]).toEqual([0, ''])
    expect(board.calls()).toEqual([])
    const ran = paste(world, printed.stdout)
    expect([ran.status, ran.stderr]).toEqual([0, ''])
    expect(ran.stdout).toBe(`Created ${CARD}  (ready, assignee=keeper)\n`)
    expect(board.calls()).toEqual([jsonOf<Printed>(await card(['--json'])).argv.slice(1)])
    expect(board.card()).toMatchObject({
      assignee: 'keeper',
      workspace_path: workspace,
      max_runtime: '8h',
      skills: ['monitor'],
      title: `Keep the agent sessions of ${name.replaceAll('\n', ' ')} true`,
    })
    expect(Buffer.byteLength(board.card()['body'] ?? '')).toBeLessThan(8192)
    expect(board.card()['body']).not.toContain('{{seconds}}')
    expect(paste(world, 'ls owned').status).not.toBe(0)
  })

  it('the card’s own command lives on the card, from any folder', async () => {
    const { world, board, card } = fresh(name)
    expect((await card(['--create', '--watch'])).code).toBe(0)
    board.setCard({ status: 'running' })
    // The worker's HOME is moved; its agents' files are in the real one.
    const env = { ...world.env, HERMES_REAL_HOME: world.home, HOME: '/nonexistent' }
    const command = commandIn(board).replace(/--timeout \d+/, '--timeout 2')
    const ran = spawnSync('/bin/sh', ['-c', command], { env, cwd: world.root, encoding: 'utf8' })
    expect([ran.status, ran.stdout, ran.stderr]).toEqual([0, '', ''])
    expect(board.calls('heartbeat').length).toBeGreaterThan(0)
    expect(board.card()['status']).toBe('done')
  })
})

it('the card’s command ends some minutes before the card’s time, and the tool may wait for it', async () => {
  for (const [runtime, timeout, terminal] of [
    ['8h', 28_200, 28_770],
    ['1d', 85_800, 86_370],
    ['10m', 480, 570],
  ] as const) {
    const { board, card } = fresh()
    expect((await card(['--create', '--max-runtime', runtime])).code).toBe(0)
    expect(commandIn(board)).toContain(`--subscribe --idle-timeout 0 --card env --timeout ${timeout} `)
    expect(board.card()['body']).toContain(`\`timeout\` set to ${terminal}`)
  }
})

it('a workspace has one card, whatever folder it is asked from; another workspace has another', async () => {
  const { world, board, workspace, card } = fresh()
  const key = async (cwd: string) => {
    const { argv } = jsonOf<Printed>(await card(['--json'], cwd))
    return argv[argv.indexOf('--idempotency-key') + 1]
  }
  mkdirSync(join(workspace, 'src'))
  expect(await key(join(workspace, 'src'))).toBe(await key(workspace))
  writeRegistry(world, [])
  expect(await key(world.workspace)).not.toBe(await key(workspace))
  for (let n = 0; n < 2; n++)
    expect(jsonOf<Printed>(await card(['--create', '--json']))).toMatchObject({
      schema: 1,
      card: { id: CARD, status: 'ready' },
      hint: null,
    })
  expect(board.calls('create')).toHaveLength(2)
})

it.each([
  ['done', 'hermes kanban archive t_0000c0de'],
  ['blocked', 'hermes kanban unblock t_0000c0de'],
])('a card that is %s already is no new one: it says so, with 1', async (status, hint) => {
  const { board, card } = fresh()
  await card(['--create'])
  board.setCard({ status })
  const ran = await card(['--create'])
  expect(ran.code).toBe(1)
  expect(ran.stdout).toContain(`card ${CARD} is ${status}`)
  expect(ran.stdout).toContain(hint)
})

it('every flag finds its place, and the profile is `default` where none is known', async () => {
  const { world, card } = fresh()
  const { argv } = jsonOf<Printed>(
    await card(['--assignee', 'ops', '--skill', 'watcher', '--board', 'team', '--server', 'lab', '--json']),
  )
  expect(argv.slice(0, 5)).toEqual(['hermes', 'kanban', '--board', 'team', 'create'])
  expect(argv.join(' ')).toMatch(/ --assignee ops .*--skill watcher .*--registry \S+ --server lab > /s)
  delete world.env['HERMES_PROFILE']
  const plain = jsonOf<Printed>(await card(['--no-skill', '--json'])).argv
  expect(plain[plain.indexOf('--assignee') + 1]).toBe('default')
  expect(plain).not.toContain('--skill')
  expect(plain).not.toContain('--goal')
})

it.each([
  [['--assignee', '-x'], '--assignee takes a name'],
  [['--skill', 'a,b'], '--skill takes a name'],
  [['--max-runtime', '5m'], '--max-runtime takes a time from 10m up'],
  [['--max-runtime', '8 hours'], '--max-runtime takes a time from 10m up'],
  [['--skill', 'a', '--no-skill'], 'exclude each other'],
  [['t_1'], 'takes no name'],
])('%j is refused before anything is run', async (flags, why) => {
  const { board, card } = fresh()
  const ran = await card(['--create', ...flags])
  expect([ran.code, ran.stdout]).toEqual([2, ''])
  expect(ran.stderr).toContain(why)
  expect(board.calls()).toEqual([])
})

it.each([
  ['busy', 4, 'not known whether'],
  ['nonsense', 4, 'not known whether'],
  ['usage', 1, 'hermes made no card'],
] as const)('a hermes that is in trouble (%s) gives %i', async (mode, code, why) => {
  const { board, card } = fresh()
  board.setMode({ create: mode })
  const ran = await card(['--create'])
  expect([ran.code, ran.stdout]).toEqual([code, ''])
  expect(ran.stderr).toContain(why)
})

it('without hermes the line is still printed, and --create says what is missing', async () => {
  const { world, card } = fresh()
  rmSync(join(world.bin, 'hermes'))
  expect((await card()).code).toBe(0)
  const ran = await card(['--create', '--json'])
  expect(ran.code).toBe(1)
  expect(JSON.parse(ran.stderr)).toMatchObject({ error: { code: 'hermes-missing' } })
})

it('a folder whose name Hermes would change is refused', async () => {
  for (const name of ['shop ', 'shop\u001b[2J']) {
    const { card } = fresh(name)
    const ran = await card()
    expect([ran.code, ran.stdout]).toEqual([1, ''])
    expect(ran.stderr).toMatch(/white space|control character/)
    expect(ran.stderr).not.toContain('\u001b')
  }
})

it('a text that a worker would see cut off is refused', () => {
  const plan = { program: ['/n'], workspace: '/w', registryPath: '/w/r', maxRuntime: '8h', assignee: 'a', watch: true }
  const rest = { server: undefined, skill: undefined, board: undefined }
  const fits = cardFor({ ...plan, ...rest }, 'x'.repeat(8192))
  expect(fits.body).toHaveLength(8192)
  try {
    expect(cardFor({ ...plan, ...rest }, 'x'.repeat(8193))).toBe('nothing')
  } catch (error) {
    expect(isCodedError(error) && error.code).toBe('body-too-long')
  }
  expect([runtimeSec('600'), runtimeSec('2h'), runtimeSec('1d')]).toEqual([600, 7200, 86_400])
})

it('an ordinary command loads nothing of it', async () => {
  const { world, workspace } = fresh()
  const tracer = join(world.root, 'tracer.cjs')
  const list = 'Object.keys(require.cache).map(path => require("node:path").basename(path)).join("\\n")'
  writeFileSync(tracer, `process.on('exit', () => require('node:fs').writeFileSync('${world.root}/loaded', ${list}))\n`)
  const loaded = async (args: string[]) => {
    const env = { NODE_OPTIONS: `--require=${tracer}`, AGENT_SESSIONS_DEV: undefined }
    const ran = await run(world, 'reconcile', args, { env, cwd: workspace })
    expect(ran.stderr).toBe('')
    return until('what was loaded', () => readLoaded(world))
  }
  const kanban = (names: string[]) => names.filter(name => name.includes('kanban'))
  expect(kanban(await loaded(['--once']))).toEqual([])
  expect(kanban(await loaded(['--watch', '--timeout', '1']))).toEqual([])
  expect(kanban(await loaded(['--watch', '--timeout', '1', '--card', 't_another']))).not.toEqual([])
})

function readLoaded(world: World): string[] | undefined {
  const { stdout, status } = spawnSync('cat', [join(world.root, 'loaded')], { encoding: 'utf8' })
  return status === 0 ? stdout.split('\n') : undefined
}
