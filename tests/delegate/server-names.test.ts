/** Every command that takes a session's name takes it as `status` shows it: `server:name`. */
import { expect, test } from 'vitest'
import { submit } from '../harness/jobs.ts'
import { bare, create, liveWorld, refused, seen } from '../harness/live-create.ts'
import { rowsOf } from '../harness/rows.ts'
import { resume, stop } from '../harness/talking.ts'
import { tmux } from '../harness/tmux.ts'

test('a session on another server is written to, shown, stopped and brought back by the name that status shows', async () => {
  const world = liveWorld()
  const { name } = await create(world, ['--agent', 'claude', '--server', 'lab'])
  // The same name on the default server: only the server tells them apart.
  await create(world, ['--agent', 'claude'])
  const shown = (await bare(world, ['status'])).stdout.split('\n').map(line => line.split(' ')[0])
  expect(shown).toContain(`lab:${name}`)

  const error = await refused(world, ['delegate-job', 'submit', name, '--prompt', 'do it'], 2)
  expect(error.hint).toContain('SERVER:NAME')
  const job = await submit(world, `lab:${name}`, 'do it')
  expect(job).toMatchObject({ session: { name, server: 'lab' }, delivery: { outcome: 'delivered' } })
  const details = (await bare(world, ['status', `lab:${name}`])).stdout
  expect(details).toMatch(/^server +lab$/m)
  expect(details).not.toMatch(/^server +default$/m)
  expect((await bare(world, ['attach', `lab:${name}`])).stderr).toContain(`tmux -L lab attach-session -t '=${name}'`)

  // Also where the environment names another server.
  const elsewhere = { env: { TMUX_SERVER_NAME: 'default' } }
  expect(await stop(world, [`lab:${name}`], elsewhere)).toMatchObject({ sessions: [{ server: 'lab', changed: true }] })
  expect(seen(world, 'lab')).toEqual([])
  expect(seen(world)).toHaveLength(1)
  expect(await resume(world, [`lab:${name}`])).toMatchObject({ sessions: [{ server: 'lab', changed: true }] })
  expect(seen(world, 'lab')).toHaveLength(1)
})

test.each(['stop', 'resume', 'attach', 'status'])('%s takes no other beginning of it', async command => {
  const world = liveWorld()
  const { name } = await create(world, ['--agent', 'claude', '--server', 'lab'])
  for (const given of [`la:${name}`, `:${name}`, `lab:${name.slice(0, -1)}`, `lab:lab:${name}`, 'lab:'])
    expect(await bare(world, [command, given])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no session'),
    })
  expect(rowsOf(world)).toMatchObject([{ name, status: 'running' }])
})

test('no session’s own name holds the colon that stands behind a server', async () => {
  const world = liveWorld()
  await create(world, ['--agent', 'claude', '--server', 'lab'])
  tmux(world, 'lab', ['new-session', '-d', '-s', 'a:b', 'sleep 60'])
  tmux(world, 'lab', ['rename-session', '-t', '=a_b:', 'c:d'])
  expect(seen(world, 'lab').map(({ name }) => name)).toContain('c_d')
})
