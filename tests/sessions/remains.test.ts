/** What stands under a name when a start comes to it: only what a start of ours left dead is cleared away. */
import { expect, test } from 'vitest'
import { claude } from '#lib/agents/claude.ts'
import type { Driver } from '#lib/agents/drive/types.ts'
import { bringUp, newWish } from '#lib/sessions/bring-up.ts'
import { thisMachine } from '#lib/system/machine.ts'
import { end, lives } from '../harness/processes.ts'
import { type Live, newSession, tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'

const LAB = 'lab'

/** A session of that name, with this mark, whose pane stays when its program ends. */
function standing(world: World, mark: string): Live {
  const session = newSession(world, LAB, 'mine', world.workspace, ['sleep', '60'])
  tmux(world, LAB, ['set-option', '-t', session.id, '@agent_sessions', mark])
  tmux(world, LAB, ['set-option', '-p', '-t', session.paneId, 'remain-on-exit', 'on'])
  return session
}

async function dead(world: World, mark: string): Promise<Live> {
  const session = standing(world, mark)
  end(session.panePid)
  await until('the dead pane', () => tmux(world, LAB, ['list-panes', '-a', '-F', '#{pane_dead}']) === '1\n')
  return session
}

const ids = (world: World) => tmux(world, LAB, ['list-sessions', '-F', '#{session_id}']).trim()

/** Starts a program that leaves at once: a start that got its name says so. */
async function startIn(world: World): Promise<unknown> {
  const machine = thisMachine(world.env)
  const wish = await newWish(world.registry, world.workspace, { skipPermissions: false })
  return bringUp(machine, {
    server: LAB,
    name: 'mine',
    folder: world.workspace,
    width: 80,
    height: 24,
    adapter: claude,
    driver: { name: 'claude', homeVariables: [] } as unknown as Driver,
    program: '/bin/false',
    wish,
    launch: () => ({ args: [] }),
    env: {},
    mark: world.registry,
    waitReadyMs: 5000,
    trust: false,
  }).catch(error => error)
}

test('a dead one of ours gives way', async () => {
  const world = makeWorld()
  await dead(world, world.registry)
  tmux(world, LAB, ['new-session', '-d', '-s', 'other', 'sleep 60'])
  expect(await startIn(world)).toMatchObject({ code: 'agent-ended', message: expect.stringContaining('exit code 1') })
  expect(tmux(world, LAB, ['list-sessions', '-F', '#{session_name}'])).toBe('other\n')
})

test.each(['', '/another/registry.yaml'])('a dead one with the mark %j is not ours to remove', async mark => {
  const world = makeWorld()
  const session = await dead(world, mark)
  expect(await startIn(world)).toMatchObject({ code: 'name-taken' })
  expect(ids(world)).toBe(session.id)
})

test('one that lives stays, though it is ours', async () => {
  const world = makeWorld()
  const session = standing(world, world.registry)
  expect(await startIn(world)).toMatchObject({ code: 'name-taken' })
  expect([ids(world), lives(session.panePid)]).toEqual([session.id, true])
})
