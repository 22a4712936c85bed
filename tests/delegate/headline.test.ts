/** `delegate-job submit`: the agent gets its work and how to report its end, and that very line ends the job. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { expect, test } from 'vitest'
import {
  delegate,
  emitLine,
  eventsOf,
  jobFile,
  jobPath,
  jobsFolder,
  list,
  runLine,
  type Submitted,
  show,
  submit,
  toldOf,
  waitFor,
} from '../harness/jobs.ts'
import { CLIS, commandLines, create, journal, liveWorld, seen } from '../harness/live-create.ts'
import { rowOf, textOf } from '../harness/rows.ts'
import { screenOf } from '../harness/talking.ts'

const LONG_MS = 600_000
const PROMPT = 'Write the changelog; mind the "quotes" and $HOME.'

test.each(CLIS)('%s gets the prompt with one line to report by, and that line ends the job', async agent => {
  // It reports within its turn: at the end of one Claude Code's hook tells of it, too.
  const world = liveWorld({ turnMs: LONG_MS })
  const { name } = await create(world, ['--agent', agent])
  const submitted = await delegate<Submitted>(world, ['submit', name, '--prompt', PROMPT])
  const { job } = submitted
  expect(submitted).toMatchObject({ schema: 1, yaml_path: world.registry, dry_run: false })
  expect(job).toMatchObject({
    id: expect.stringMatching(/^\d{8}T\d{6}-[0-9a-f]{8}$/),
    registry: world.registry,
    session: { name, server: 'default' },
    agent,
    prompt: PROMPT,
    state: 'delivered',
    delivery: { outcome: 'delivered' },
    timeout_sec: 3600,
    summary: null,
    ended_at: null,
  })
  expect(eventsOf(job)).toEqual(['submitted', 'delivered'])
  expect(rowOf(world, name)).toMatchObject({ status: 'running', delegate_job_id: job.id })

  const told = toldOf(world, job.id)
  expect(told.startsWith(PROMPT)).toBe(true)
  const line = emitLine(told)
  expect(line).toContain(job.id)
  expect(line).toContain(`--registry ${world.registry}`)
  expect(isAbsolute(line.split(' ')[0] ?? '')).toBe(true)
  // Without a PATH, from another folder: nothing of the agent's surroundings is needed.
  const reported = runLine({ ...world, workspace: '/', env: { HOME: world.home } }, line)
  expect(reported).toMatchObject({ code: 0, stderr: expect.not.stringMatching(/error/i) })
  const ended = await show(world, job.id)
  expect(ended).toMatchObject({ state: 'completed', summary: expect.stringMatching(/./) })
  expect(eventsOf(ended)).toEqual(['submitted', 'delivered', 'completed'])
  expect(await list(world)).toEqual([])
  expect(await waitFor(world, [job.id])).toMatchObject({ code: 0, jobs: [{ id: job.id, state: 'completed' }] })
})

test('its file is for its owner alone, and its secret stands nowhere else', async () => {
  const world = liveWorld()
  const { name, pane } = await create(world, ['--agent', 'claude'])
  const job = await submit(world, name, PROMPT)
  const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)
  expect([modeOf(jobPath(world, job.id)), modeOf(jobsFolder(world))]).toEqual(['600', '700'])
  expect(readFileSync(join(jobsFolder(world), '.gitignore'), 'utf8').trim()).toBe('*')

  const { secret } = jobFile(world, job.id)
  expect(secret).toMatch(/^[0-9a-f]{64}$/)
  const line = emitLine(toldOf(world, job.id))
  const reporting = runLine(world, line)
  const printed = [
    JSON.stringify([job, await show(world, job.id), await list(world, ['--all']), reporting]),
    ...(
      await Promise.all(
        [
          ['list', '--all'],
          ['show', job.id],
        ].map(args => delegate(world, args)),
      )
    ).map(String),
    JSON.stringify(journal(world)),
    screenOf(world, pane ?? ''),
    textOf(world),
    readFileSync(join(dirname(world.registry), 'actions.log'), 'utf8'),
    JSON.stringify(commandLines()),
  ]
  expect(printed.filter(text => text.includes(secret))).toEqual([])
  for (const key of ['secret', 'submitter']) expect(job).not.toHaveProperty(key)
})

test('a prompt can come from a file or from standard input', async () => {
  const world = liveWorld()
  const { name } = await create(world, ['--agent', 'claude'])
  const text = 'First line.\n\nThird line; with $(touch /tmp/never) in it.'
  const { job } = await delegate<Submitted>(world, ['submit', name, '--prompt-file', '-'], { stdin: text })
  expect(job).toMatchObject({ prompt: text, delivery: { outcome: 'delivered' } })
  expect(toldOf(world, job.id).startsWith(text)).toBe(true)
})

test('a dry run tells what it would do and does nothing', async () => {
  const world = liveWorld()
  const { name } = await create(world, ['--agent', 'claude'])
  const before = textOf(world)
  const { dry_run } = await delegate<Submitted>(world, ['submit', name, '--prompt', PROMPT, '--dry-run'])
  expect(dry_run).toBe(true)
  expect(textOf(world)).toBe(before)
  expect(readdirSync(dirname(world.registry))).not.toContain('jobs')
  expect(journal(world).filter(({ kind }) => kind === 'submit')).toEqual([])
  expect(seen(world)).toHaveLength(1)
})
