/** A monitor on a card, as a worker runs it: real processes, a real tmux, and the stand-in for Hermes. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { uuid } from '../harness/agents.ts'
import { run } from '../harness/command.ts'
import { startMonitor } from '../harness/monitor.ts'
import { end } from '../harness/processes.ts'
import { fullRow, rowOf, writeRegistry } from '../harness/rows.ts'
import { CLAUDE, claudeSession } from '../harness/sessions.ts'
import { killSession } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'
import { CARD, makeBoard } from './board.ts'

/** A world with a card, and a session whose conversation is gone: a drift that stands. */
function worldWithDrift() {
  const world = makeWorld()
  const board = makeBoard(world)
  const session = claudeSession(world)
  writeRegistry(world, [fullRow(session, { claude_session_id_own: uuid(1) })])
  return { world, board, session }
}

function monitorOn(world: World, flags: string[] = [], mode = '--watch') {
  return startMonitor(world, [mode, '--interval', '1', '--card', 'env', ...flags])
}

describe.each(['--watch', '--subscribe'])('reconcile %s --card env', mode => {
  it('tells its card what is new, once, and leaves when somebody says stop', async () => {
    const { world, board, session } = worldWithDrift()
    const monitor = monitorOn(world, [], mode)
    await until('the comment', () => board.comments().length > 0)
    expect(board.calls()[0]).toEqual(['kanban', 'heartbeat', CARD, '--note', 'alive, 0 drifts, last at never'])
    await killSession(world, session)
    await until('the second comment', () => board.comments().length > 1)
    const looks = board.calls('show').length
    await until('three more looks', () => board.calls('show').length > looks + 2)
    expect(board.comments().map(({ body }) => body.replace(/ at .*:$/m, ''))).toEqual([
      `1 new drift\n- D artifact-gone: ${CLAUDE}: stale UUID in claude_session_id_own: ${uuid(1)} (jsonl missing) (server lab) [reported only]`,
      expect.stringContaining(`1 new drift\n- A gone: ${CLAUDE}: tmux gone`),
    ])
    board.comment('mia', 'stop')
    expect(await monitor.left).toBe(0)
    expect(board.card()).toMatchObject({ status: 'blocked', kind: 'needs_input' })
    expect(board.card()['reason']).toMatch(/^stop-requested by mia at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    expect(monitor.stderr()).toContain('stop-requested by mia')
  })

  it('completes its card when its time is up, and says how it was', async () => {
    const { world, board } = worldWithDrift()
    const monitor = monitorOn(world, ['--timeout', '3'], mode)
    expect(await monitor.left).toBe(0)
    expect(board.card()).toMatchObject({ status: 'done' })
    expect(board.card()['summary']).toMatch(/^the monitor's 3 s are over; 1 drifts, last at \d{4}-/)
    expect(board.comments()).toHaveLength(1)
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('leaves its card as it is on %s', async signal => {
    const { world, board } = worldWithDrift()
    const monitor = monitorOn(world, [], mode)
    await until('the comment', () => board.comments().length > 0)
    end(monitor.pid, signal)
    expect(await monitor.left).toBe(0)
    expect(board.card()).toEqual({ id: CARD, status: 'running' })
  })

  it('leaves with 0 and one line when its run was reaped', async () => {
    const { world, board } = worldWithDrift()
    const monitor = monitorOn(world, ['--emit-diff'], mode)
    await until('the comment', () => board.comments().length > 0)
    board.setCard({ status: 'ready' })
    expect(await monitor.left).toBe(0)
    const lines = monitor.stderr().split('\n')
    expect(lines.filter(line => line.includes('card'))).toEqual([
      `reconcile: card ${CARD} is not ours any more (cannot heartbeat ${CARD} (not running?)): leaving`,
    ])
    expect(board.card()).toEqual({ id: CARD, status: 'ready' })
  })
})

it('--subscribe completes its card when nothing is heard any more', async () => {
  const { world, board } = worldWithDrift()
  const monitor = monitorOn(world, ['--idle-timeout', '2'], '--subscribe')
  expect(await monitor.left).toBe(0)
  expect(board.card()['summary']).toMatch(/^nothing was heard for 2 s; 1 drifts/)
})

it('the next monitor on the same card does not tell again what stands; one on another card does', async () => {
  const { world, board } = worldWithDrift()
  for (let n = 0; n < 2; n++) {
    const monitor = monitorOn(world)
    const looks = board.calls('show').length
    await until('two looks', () => board.calls('show').length >= looks + 2)
    end(monitor.pid, 'SIGTERM')
    expect(await monitor.left).toBe(0)
  }
  expect(board.comments()).toHaveLength(1)
  board.setCard({ id: 't_other' })
  const monitor = startMonitor(world, ['--watch', '--interval', '1', '--card', 't_other'])
  await until('the comment on the other', () => board.comments().length === 2)
  end(monitor.pid, 'SIGTERM')
  expect(await monitor.left).toBe(0)
  expect(board.calls('comment').at(-1)?.slice(0, 4)).toEqual(['kanban', 'comment', '--', 't_other'])
})

it('two calls never run at once, also where each is slow', async () => {
  const { world, board } = worldWithDrift()
  board.setMode({ every: 'slow' })
  const monitor = monitorOn(world, ['--timeout', '4'])
  // Each call is counted by the stand-in while it runs.
  expect(await monitor.left).toBe(0)
  expect(board.most()).toBe(1)
  expect(board.card()['status']).toBe('done')
})

describe('a card that cannot be reached', () => {
  it.each(['hang', 'busy', 'nonsense'] as const)('holds nothing up and ends nothing: %s', async mode => {
    const { world, board, session } = worldWithDrift()
    board.setMode(mode === 'nonsense' ? { show: mode } : { every: mode })
    const monitor = monitorOn(world, ['--emit-diff'])
    await until('its first pass', () => monitor.reports().length > 0)
    await until('the first call', () => board.calls().length > 0)
    await killSession(world, session)
    await until('the death on record', () => rowOf(world, CLAUDE)['status'] === 'terminated')
    if (mode !== 'hang') await until('the line', () => monitor.stderr().includes('cannot be reached'))
    const asked = board.calls().length
    if (mode !== 'hang') await until('more tries', () => board.calls().length > asked + 2)
    expect(monitor.stderr().split('cannot be reached').length).toBe(mode === 'hang' ? 1 : 2)
    const began = Date.now()
    end(monitor.pid, 'SIGTERM')
    expect(await monitor.left).toBe(0)
    // Not when the 30 s of a call are over.
    expect(Date.now() - began).toBeLessThan(12_000)
    // What hung was ended with it.
    await until('no call is left', () => board.running() === 0)
  })

  it('is said to be back, and gets what was kept for it', async () => {
    const { world, board, session } = worldWithDrift()
    board.setMode({ every: 'busy' })
    const monitor = monitorOn(world)
    await until('the line', () => monitor.stderr().includes('cannot be reached'))
    await killSession(world, session)
    // The pass is told when its card has heard of it: that is a moment after the registry was written.
    await until('the death told', () => monitor.stdout().includes(`${CLAUDE}: tmux gone`))
    board.setMode({})
    await until('the comment', () => board.comments().length > 0)
    expect(board.comments()[0]?.body).toMatch(/^2 new drifts at .*\n- D artifact-gone: .*\n- A gone: /)
    await until('the line', () => monitor.stderr().includes(`card ${CARD} is reached again`))
    end(monitor.pid, 'SIGTERM')
    expect(await monitor.left).toBe(0)
  })

  it('may have no program at all', async () => {
    const { world, board, session } = worldWithDrift()
    rmSync(join(world.bin, 'hermes'))
    const monitor = monitorOn(world, ['--timeout', '3'])
    await killSession(world, session)
    expect(await monitor.left).toBe(0)
    expect(rowOf(world, CLAUDE)['status']).toBe('terminated')
    expect(monitor.stderr()).toContain('cannot be reached: there is no program `hermes` on the PATH')
    expect(monitor.stderr()).toContain('could not be completed')
    expect(board.calls()).toEqual([])
  })

  it('cannot keep a monitor from leaving when its time is up', async () => {
    const { world, board } = worldWithDrift()
    board.setMode({ complete: 'hang' })
    const monitor = monitorOn(world, ['--timeout', '2'])
    await until('the last word', () => board.calls('complete').length > 0)
    end(monitor.pid, 'SIGTERM')
    expect(await monitor.left).toBe(0)
    await until('no call is left', () => board.running() === 0)
  })
})

it('a secret in a session’s name or command never reaches the card', async () => {
  const world = makeWorld()
  const board = makeBoard(world)
  world.env['OUR_API_KEY'] = 'correcthorsebattery'
  const session = claudeSession(world, { name: 'correcthorsebattery' })
  writeRegistry(world, [fullRow(session, { claude_session_id_own: uuid(1) })])
  const monitor = monitorOn(world)
  await until('the comment', () => board.comments().length > 0)
  end(monitor.pid, 'SIGTERM')
  await monitor.left
  expect(JSON.stringify(board.calls())).not.toContain('correcthorse')
  expect(board.comments()[0]?.body).toContain('[redacted]')
})

it('without --card a worker’s monitor leaves its card alone, and nothing of it is written', async () => {
  const { world, board } = worldWithDrift()
  const ran = await run(world, 'reconcile', ['--watch', '--interval', '1', '--timeout', '2'])
  expect(ran.code).toBe(0)
  expect(board.calls()).toEqual([])
  const memory = join(world.workspace, '.cache/agent-sessions-monitor')
  expect(readdirSync(memory).filter(name => name.includes('card'))).toEqual([])
})

it('a second monitor does not touch the card', async () => {
  const { world, board } = worldWithDrift()
  const first = startMonitor(world, ['--watch', '--interval', '1'])
  await until('the first', () => first.stdout() !== '')
  const second = await run(world, 'reconcile', ['--watch', '--card', 'env'])
  expect(second.code).toBe(1)
  expect(board.calls()).toEqual([])
  end(first.pid, 'SIGTERM')
  await first.left
})

it.each(['SIGKILL', 'SIGTERM'] as const)(
  'a comment that arrived while %s ended the monitor is not written again',
  async signal => {
    const { world, board } = worldWithDrift()
    board.setMode({ comment: 'hang after' })
    const monitor = monitorOn(world)
    await until('the comment', () => board.comments().length === 1)
    end(monitor.pid, signal)
    await monitor.left
    board.setMode({})
    const next = monitorOn(world, ['--timeout', '2'])
    expect(await next.left).toBe(0)
    expect(board.comments()).toHaveLength(1)
    expect(board.card()['status']).toBe('done')
  },
)

it('a memory that is broken tells once more', async () => {
  const { world, board } = worldWithDrift()
  for (let n = 1; n <= 2; n++) {
    const monitor = monitorOn(world)
    await until('the comment', () => board.comments().length === n)
    const file = join(world.workspace, `.cache/agent-sessions-monitor/lab.card-${CARD}.state`)
    await until('it is kept', () => JSON.parse(readFileSync(file, 'utf8')).lines.length === 0)
    end(monitor.pid, 'SIGTERM')
    await monitor.left
    writeFileSync(file, '{"schema":')
  }
})

describe('a wrong command line is refused before anything is done', () => {
  it.each([
    [['--once', '--card', 'env'], '--card needs --watch or --subscribe'],
    [['--watch', '--dry-run', '--card', 'env'], 'a dry run writes nothing'],
    [['--watch', '--card', '-rf'], "takes a card's id"],
    [['--watch', '--card', 't_1 --author x'], "takes a card's id"],
    [['--watch', '--card'], '--card needs a value'],
  ])('%j', async (flags, why) => {
    const { world, board } = worldWithDrift()
    const ran = await run(world, 'reconcile', flags)
    expect([ran.code, ran.stdout]).toEqual([2, ''])
    expect(ran.stderr).toContain(why)
    expect(board.calls()).toEqual([])
  })

  it('`env` outside a worker says what is missing', async () => {
    const { world } = worldWithDrift()
    const ran = await run(world, 'reconcile', ['--watch', '--card', 'env'], { env: { HERMES_KANBAN_TASK: undefined } })
    expect(ran.code).toBe(2)
    expect(ran.stderr).toMatch(/\$HERMES_KANBAN_TASK, which is not set\n.*--card t_/)
  })
})
