/** After a reboot: every row that can be brought back is, in its own conversation; the others each with their reason. */
import { renameSync } from 'node:fs'
import { expect, test } from 'vitest'
import { loseArtifact } from '../harness/conversations.ts'
import { countTmux } from '../harness/fake-tmux.ts'
import { CLIS, DEFAULT, liveWorld, seen, tell } from '../harness/live-create.ts'
import { end, lives } from '../harness/processes.ts'
import { rowOf, rowsOf } from '../harness/rows.ts'
import {
  agentPids,
  drifts,
  gotBy,
  idField,
  made,
  resume,
  say,
  sessionNames,
  stop,
  talking,
} from '../harness/talking.ts'
import { tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { folder, type World } from '../harness/world.ts'

/** What a reboot leaves: no server, no process, and a stale socket. */
async function reboot(world: World): Promise<void> {
  const pid = Number(tmux(world, DEFAULT, ['display-message', '-p', '#{pid}']))
  for (const one of [pid, ...agentPids(world)]) end(one)
  await until('the end of all', () => !lives(pid) && agentPids(world).length === 0)
}

/** Some at a time: the machine has few cores. */
async function pooled<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  const queue = items.map((item, at) => ({ item, at }))
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) results[next.at] = await work(next.item)
  }
  await Promise.all(Array.from({ length: 4 }, worker))
  return results
}

test.each([
  ['twenty sessions of five agents come back before any pass saw their end', 3, false],
  ['ten sessions come back after a pass marked them terminated', 1, true],
])('%s', { timeout: 120_000 }, async (_what, perAgent, hasPassed) => {
  const world = liveWorld({ turnMs: 50 })
  tmux(world, DEFAULT, ['start-server', ';', 'set-option', '-s', 'exit-empty', 'off'])
  const doomed = folder(world, 'lab', 'doomed')
  const wanted = CLIS.flatMap(agent => [1, 2, 3].slice(0, perAgent).map(n => ({ agent, name: `${agent}-${n}` })))
  const good = await pooled(wanted, ({ agent, name }) => talking(world, agent, ['--name', name], `hello ${name}`))
  const lost = await pooled(['claude', 'codex', 'opencode'], agent =>
    talking(world, agent, ['--name', `${agent}-lost`]),
  )
  const turnless = await made(world, 'claude', ['--name', 'claude-turnless'])
  const homeless = await talking(world, 'claude', ['--name', 'claude-homeless', '--workspace', doomed])
  await drifts(world)
  await reboot(world)
  for (const { agent, talk } of lost) loseArtifact(world, agent, talk)
  renameSync(doomed, `${doomed}-gone`)
  if (hasPassed) {
    await drifts(world)
    expect(rowsOf(world).map(row => row['status'])).toEqual(Array(good.length + 5).fill('terminated'))
  }

  const { sessions, skipped, failed } = await resume(world, ['--all'], { timeoutMs: 60_000 })

  expect(failed).toEqual([])
  const ids = (list: { name: string; id: unknown }[]) => list.map(one => `${one.name} ${one.id}`).sort()
  expect(ids(sessions)).toEqual(ids(good.map(({ name, talk }) => ({ name, id: talk }))))
  expect(sessions.every(one => one.changed && one.status === 'running')).toBe(true)
  const codes = Object.fromEntries(skipped.map(one => [one.name, one.code]))
  expect(codes).toEqual({
    'claude-lost': 'artifact-gone',
    'codex-lost': 'artifact-gone',
    'opencode-lost': 'artifact-gone',
    [turnless.name]: 'no-id',
    [homeless.name]: 'folder-gone',
  })
  expect(skipped.every(one => one.why.includes(one.name))).toBe(true)
  expect(sessionNames(world)).toEqual(good.map(one => one.name).sort())
  for (const { name, agent, talk } of good) {
    const row = rowOf(world, name)
    expect(row, name).toMatchObject({ status: 'running', [idField(agent)]: talk })
    expect(row).not.toHaveProperty('terminated_at')
    expect(row).not.toHaveProperty('op')
  }
  expect(new Set(good.map(one => one.talk)).size).toBe(good.length)

  const told = await drifts(world)
  // Those of the others whose end no pass had seen yet, and what is known to be gone.
  const names = new Set([...lost, turnless, homeless].map(one => one.name))
  for (const drift of told) expect(names, drift).toContain(drift.split(' ')[2])
  const inIt = await pooled(
    good.filter((_, at) => at % 3 === 0),
    async ({ name, talk }) => {
      const pane = seen(world).find(session => session.name === name)?.pane ?? ''
      return [await say(world, pane, `${name} again`), talk, gotBy(world, talk).length]
    },
  )
  for (const [now, before, count] of inIt) expect([now, count]).toEqual([before, 2])

  const again = await resume(world, ['--all'])
  expect(again.sessions.map(one => one.changed)).toEqual(Array(good.length).fill(false))
  expect(again.skipped).toHaveLength(skipped.length)
})

test('archived rows, and those whose job had ended, are left out and named', async () => {
  const world = liveWorld()
  await talking(world, 'claude', ['--name', 'kept'])
  await talking(world, 'codex', ['--name', 'archived'])
  await stop(world, ['archived', '--archive'])
  await stop(world, ['kept'])
  const { sessions, skipped } = await resume(world, ['--all'])
  expect(sessions.map(one => one.name)).toEqual(['kept'])
  expect(skipped).toMatchObject([{ name: 'archived', code: 'left-out' }])
})

test('one that does not come up keeps nobody else, and the exit code tells', { timeout: 90_000 }, async () => {
  const world = liveWorld()
  const one = await talking(world, 'claude', ['--name', 'first'])
  const two = await talking(world, 'codex', ['--name', 'second'])
  await stop(world, ['--all'])
  renameSync(`${world.bin}/claude`, `${world.root}/claude-away`)
  const { sessions, failed } = await resume(world, ['--all'], { code: 1 })
  expect(sessions).toMatchObject([{ name: 'second', id: two.talk }])
  expect(failed).toMatchObject([{ name: 'first', error: { code: expect.any(String), hint: expect.any(String) } }])
  expect(rowOf(world, 'first')).toMatchObject({ status: 'stopped', claude_session_id_own: one.talk })
  renameSync(`${world.root}/claude-away`, `${world.bin}/claude`)
  expect((await resume(world, ['--all'])).sessions.map(({ name, changed }) => [name, changed])).toEqual([
    ['first', true],
    ['second', false],
  ])
})

test('--all --dry-run starts nothing and names the same', async () => {
  const world = liveWorld()
  const { name, talk } = await talking(world, 'claude')
  await made(world, 'codex')
  await stop(world, ['--all'])
  const calls = countTmux(world)
  const said = await resume(world, ['--all', '--dry-run'])
  expect(said).toMatchObject({ dry_run: true, sessions: [{ name, id: talk }], failed: [] })
  expect(said.skipped).toHaveLength(1)
  expect(calls().filter(call => call.includes('list-panes'))).toHaveLength(1)
  expect(sessionNames(world)).toEqual([])
})

test('two that bring everything back at once start each agent once', { timeout: 90_000 }, async () => {
  const world = liveWorld({ startMs: 300 })
  const all = await pooled(CLIS, agent => talking(world, agent))
  await stop(world, ['--all'])
  tell(world, { startMs: 300 })
  const slow = { timeoutMs: 60_000 }
  const both = await Promise.all([resume(world, ['--all'], slow), resume(world, ['--all'], slow)])
  expect(both.map(one => one.failed)).toEqual([[], []])
  for (const { name, talk } of all) {
    const told = both.map(one => one.sessions.find(session => session.name === name))
    expect(told.map(one => one?.id)).toEqual([talk, talk])
    expect(told.map(one => one?.changed).sort()).toEqual([false, true])
  }
  expect(sessionNames(world)).toEqual(all.map(one => one.name).sort())
  expect(await drifts(world)).toEqual([])
})
