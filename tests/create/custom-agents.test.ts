/** Agents of the config are started as it says. */
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import {
  agrees,
  bare,
  create,
  expectTruth,
  liveWorld,
  readJson,
  refused,
  seen,
  seenAs,
  settledPass,
} from '../harness/live-create.ts'
import { rowOf, rowsOf } from '../harness/rows.ts'
import { until } from '../harness/until.ts'
import { folder, type World } from '../harness/world.ts'

const MARKS = { screen: [{ state: 'idle', pattern: '^ready>' }] }
const FULL = { start: ['--id', '{id}', '--dir', '{folder}'], id_flags: ['--id'], input: '^ready> ?(.*)$', ...MARKS }

/** A world with a program `helper`, which notes its arguments and waits at a prompt. */
function worldWith(agent: object): World {
  const world = liveWorld({}, { names: [] })
  const program = join(world.bin, 'helper')
  const notes = join(world.root, 'arguments.json')
  writeFileSync(
    program,
    `#!/usr/bin/env node
require('node:fs').writeFileSync(${JSON.stringify(notes)}, JSON.stringify(process.argv.slice(2)))
process.stdout.write('helper 1.0\\n\\nready> ')
process.stdin.resume()
`,
  )
  chmodSync(program, 0o755)
  const config = { roles: ['tester'], agents: { helper: agent } }
  writeFileSync(join(world.workspace, '.hermes/agent-sessions.config.yaml'), stringify(config))
  return world
}

const argumentsOf = (world: World) => readJson<string[]>(join(world.root, 'arguments.json'))

test('with everything told it is as good as one we know', async () => {
  const world = worldWith(FULL)
  const cwd = folder(world, 'lab', 'it’s {id} #(x) $HOME')
  const made = await create(world, ['--agent', 'helper', '--role', 'tester', '--workspace', cwd])
  expect(made).toMatchObject({ created: true, agent: 'helper', state: 'idle', folder: cwd })
  expect(argumentsOf(world)).toEqual(['--id', made.id, '--dir', cwd])
  expect(rowOf(world, made.name)).toMatchObject({ agent: 'helper', role: 'tester', launch_session_id: made.id })
  expect(seenAs(world, made.name).mark).toBe(world.registry)
  await agrees(world)
  expect((await create(world, ['--agent', 'helper', '--role', 'tester', '--workspace', cwd])).created).toBe(false)
})

test('without a word about its input line it is up when its screen says so', async () => {
  const world = worldWith({ start: [], ...MARKS })
  const made = await create(world, ['--agent', 'helper', '--wait-ready', '5'])
  expect(made).toMatchObject({ created: true, state: 'idle', id: null })
  await agrees(world)
})

test('without a word about its screen it is up once it stands still', async () => {
  const world = worldWith({ start: ['chat'] })
  const made = await create(world, ['--agent', 'helper', '--wait-ready', '10'])
  expect(made).toMatchObject({ created: true, state: 'unknown' })
  expect(argumentsOf(world)).toEqual(['chat'])
  await agrees(world)
})

test('one that the config does not tell how to start is refused', async () => {
  const world = worldWith(MARKS)
  const error = await refused(world, ['create', '--agent', 'helper'], 2)
  expect(error).toMatchObject({ code: 'usage', hint: expect.stringContaining('start') })
  expect(seen(world)).toEqual([])
})

test('skipped permissions that it cannot be told of are refused', async () => {
  const world = worldWith(FULL)
  expect((await refused(world, ['create', '--agent', 'helper', '--skip-permissions'], 1)).code).toBe('skip-refused')
  expect(seen(world)).toEqual([])
})

test('skipped permissions and a model as the config has them', async () => {
  const world = worldWith({ ...FULL, start: [], model: ['-m', '{model}'], skip_permissions: ['--yes'] })
  const made = await create(world, ['--agent', 'helper', '--model', 'big', '--skip-permissions'])
  expect(argumentsOf(world)).toEqual(['-m', 'big', '--yes'])
  expect(rowOf(world, made.name)).toMatchObject({ launch_model: 'big', skip_permissions: true })
})

test('a model that it cannot be told of is refused or told, not dropped without a word', async () => {
  const world = worldWith(FULL)
  const ran = await bare(world, ['create', '--agent', 'helper', '--model', 'big', '--json'])
  const isTold = ran.code !== 0 || /model/.test(ran.stderr)
  expect({ isTold, stderr: ran.stderr }).toMatchObject({ isTold: true })
})

test('one that leaves about when it is found ready: nothing half-made stays', { timeout: 60_000 }, async () => {
  const world = worldWith(FULL)
  const program = join(world.bin, 'helper')
  for (let ms = 0; ms < 240; ms += 20) {
    writeFileSync(
      program,
      `#!/usr/bin/env node
process.stdout.write('helper 1.0\\n\\nready> ')
setTimeout(() => process.exit(0), ${ms})
`,
    )
    const ran = await bare(world, ['create', '--agent', 'helper', '--name', `after-${ms}`, '--json'])
    const words = `gone after ${ms} ms: exit ${ran.code} ${ran.stderr}`
    expect([0, 1], words).toContain(ran.code)
    if (ran.code === 1)
      expect(
        rowsOf(world).map(row => row['name']),
        words,
      ).not.toContain(`after-${ms}`)
    await until('its end', () => seen(world).length === 0).catch(error => {
      throw new Error(`${words}\n${error}\n${JSON.stringify(seen(world))}`)
    })
  }
  await settledPass(world)
  expectTruth(world)
})
