import { expect, test } from 'vitest'
import { type Tmux, tmuxIn } from '#lib/tmux/exec.ts'
import { letPaneEnd, type SessionWish, startSession } from '#lib/tmux/start.ts'
import { end } from '../harness/processes.ts'
import { keepServer, newSession, tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'

const LAB = 'lab'

const wishFor = (world: World): SessionWish => ({
  server: LAB,
  name: 'mine',
  folder: world.workspace,
  width: 100,
  height: 30,
  argv: ['sleep', '60'],
  set: {},
  unset: [],
  mark: world.registry,
})

/** Of a server with a session of somebody else, too: one without any has nothing to list. */
const panesOf = (world: World) =>
  tmux(world, LAB, ['list-panes', '-a', '-F', '#{session_name} #{pane_dead}']).match(/^mine .*$/gm) ?? []

test('a session has its mark from the first call on, whatever becomes of the one who made it', async () => {
  const world = makeWorld()
  keepServer(world, LAB)
  const run = tmuxIn(world.env)
  let count = 0
  const dyingAfterOne: Tmux = async (...call) => (++count === 1 ? run(...call) : { kind: 'timeout' })
  expect(await startSession(dyingAfterOne, wishFor(world))).toMatchObject({ kind: 'started' })
  expect(tmux(world, LAB, ['show-options', '-v', '-t', '=mine:', '@agent_sessions'])).toBe(`${world.registry}\n`)
})

test('a pane stays with its last words until it is let end, and then goes with its program', async () => {
  const world = makeWorld()
  newSession(world, LAB, 'other', world.workspace, ['sleep', '60'])
  const run = tmuxIn(world.env)
  const first = await startSession(run, wishFor(world))
  if (first.kind !== 'started') throw new Error(first.kind)
  end(first.panePid)
  await until('the dead pane', () => panesOf(world)[0] === 'mine 1')
  tmux(world, LAB, ['kill-session', '-t', first.sessionId])

  const second = await startSession(run, wishFor(world))
  if (second.kind !== 'started') throw new Error(second.kind)
  await letPaneEnd(run, LAB, second.paneId)
  end(second.panePid)
  await until('the end of the session', () => panesOf(world).length === 0)
})
