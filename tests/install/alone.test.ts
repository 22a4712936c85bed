/** Each skill copied alone to an empty folder does its job there, by the very lines of its text. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { jobFile, jobIds, untilState } from '../harness/jobs.ts'
import { command, create, journalOf, liveWorld, tell } from '../harness/live-create.ts'
import { end } from '../harness/processes.ts'
import { rowOf } from '../harness/rows.ts'
import { until } from '../harness/until.ts'
import { folder } from '../harness/world.ts'
import { copyAlone } from './alone.ts'
import { startFile } from './run-file.ts'

const claude = { names: ['claude', 'codex', 'gemini'] }
const NAME = 'lab-creator-claude'

it.each([
  ['create', ['create']],
  ['resume', ['resume']],
  ['stop', ['stop']],
  ['status', ['status']],
  ['monitor', ['reconcile']],
  ['delegate-job', ['delegate-job', 'delegate-job submit', 'delegate-job emit']],
])('%s says how it is used', async (skill, words) => {
  const world = liveWorld({}, { names: [] })
  const { typed } = copyAlone(world, skill)
  for (const word of words) {
    const ran = await typed(`node SKILL/scripts/agent-sessions.cjs ${word} --help`)
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout.startsWith(`${word} - `)).toBe(true)
  }
})

it('create: every line starts what it says; a job is reported by the copied program', async () => {
  const lines = copyAlone(liveWorld({}, { names: [] }), 'create').lines.filter(line => !line.includes(' attach '))
  expect(lines.length).toBeGreaterThan(5)
  for (const line of lines) {
    const world = liveWorld({ report: 'completed' }, claude)
    writeFileSync(join(world.workspace, 'task.md'), 'Mend it.\n')
    if (line.includes('--worktree'))
      for (const args of [
        ['init', '-q'],
        ['-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-q', '--allow-empty', '-m', 'a'],
      ])
        execFileSync('git', args, { cwd: world.workspace, env: world.env })
    const skill = copyAlone(world, 'create')
    const ran = await skill.typed(line, { DIR: folder(world, 'other') })
    expect([line, ran.code, ran.stderr.includes('rror')]).toEqual([line, 0, false])
    if (line.includes('--dry-run')) continue
    expect([line, JSON.parse(ran.stdout)]).toMatchObject([line, { schema: 1, created: true }])
    if (!line.includes('--submit-job')) continue
    const [id = ''] = jobIds(world)
    expect((await untilState(world, id, 'completed')).state).toBe('completed')
    await until('the end of the line that reports', () => journalOf(world, 'ran')[0]?.code === 0)
    expect(JSON.stringify(journalOf(world, 'ran'))).toContain(skill.program)
  }
}, 90_000)

it('status: every line shows what runs', async () => {
  const world = liveWorld({}, claude)
  await create(world, ['--agent', 'claude'])
  const { typed, lines } = copyAlone(world, 'status')
  for (const line of lines) {
    const ran = await typed(line, { NAME })
    expect([line, ran.code, ran.stderr]).toEqual([line, 0, ''])
    expect(ran.stdout).toContain(line.includes('--compact') ? '1 running' : NAME)
  }
})

it('stop: every line ends what it says, and it can come back', async () => {
  const world = liveWorld({}, claude)
  await create(world, ['--agent', 'claude', '--prompt', 'Read it'])
  const { typed, lines } = copyAlone(world, 'stop')
  for (const line of lines) {
    const ran = await typed(line, { NAME })
    expect([line, ran.code]).toEqual([line, 0])
    const status = line.includes('--dry-run') ? 'running' : line.includes('--archive') ? 'archived' : 'stopped'
    expect([line, rowOf(world, NAME)['status']]).toEqual([line, status])
    await command(world, ['resume', NAME])
  }
}, 90_000)

it('resume: every line brings it back', async () => {
  const world = liveWorld({}, claude)
  await create(world, ['--agent', 'claude', '--prompt', 'Read it'])
  const { typed, lines } = copyAlone(world, 'resume')
  for (const line of lines) {
    await command(world, ['stop', NAME])
    const id = rowOf(world, NAME)['claude_session_id_own']
    const ran = await typed(line, { NAME })
    expect([line, ran.code]).toEqual([line, 0])
    const isDry = line.includes('--dry-run')
    const isSame = !/--fresh|--fork/.test(line)
    expect([line, rowOf(world, NAME)['status']]).toEqual([line, isDry ? 'stopped' : 'running'])
    expect([line, rowOf(world, NAME)['claude_session_id_own'] === id]).toEqual([line, isSame])
    // A conversation in which nothing was said could not come back.
    if (line.includes('--fresh')) await command(world, ['delegate-job', 'submit', NAME, '--prompt', 'Read it'])
  }
}, 90_000)

it('monitor: it mends the registry, and listens on a broker of its own', async () => {
  const world = liveWorld({}, claude)
  await create(world, ['--agent', 'claude'])
  const { typed, lines, program } = copyAlone(world, 'monitor')
  for (const line of lines.filter(text => text.includes(' --once '))) {
    const ran = await typed(line)
    expect([line, ran.code, JSON.parse(ran.stdout)]).toMatchObject([line, 0, { schema: 1, tmux_confirmed: true }])
  }
  const listening = lines.filter(text => / --(?:watch|subscribe) /.test(text))
  expect(listening.length).toBeGreaterThan(2)
  for (const line of listening) {
    // A session without a row is news.
    if (line.includes('--watch')) writeFileSync(world.registry, 'tmux_sessions: []\n')
    const monitor = startFile(world, program, line.split(/ +/).slice(2))
    const sign = line.includes('--watch') ? `registered: ${NAME}` : '"state":"connected"'
    await expect.poll(monitor.stdout, { timeout: 20_000 }).toContain(sign)
    end(monitor.pid, 'SIGTERM')
    expect([line, await monitor.left]).toEqual([line, 0])
  }
}, 60_000)

it('delegate-job: every line does what it says', async () => {
  const world = liveWorld({ report: 'completed' }, claude)
  await create(world, ['--agent', 'claude'])
  writeFileSync(join(world.workspace, 'task.md'), 'Mend it.\n')
  const { typed, lines, program } = copyAlone(world, 'delegate-job')
  const jobs: string[] = []
  for (const line of lines) {
    const JOB = jobs[/ (?:cancel|retry) /.test(line) ? 1 : 0] ?? ''
    const ran = await typed(line, { NAME, JOB })
    expect([line, ran.code, ran.stderr]).toEqual([line, 0, ''])
    if (!/ submit (?!.*--dry-run)/.test(line)) continue
    // The second job is never reported, so that there is one to cancel.
    if (jobs.push(JSON.parse(ran.stdout).job.id) > 1) continue
    await until('the first report', () => journalOf(world, 'ran').length === 1)
    tell(world, {})
  }
  expect(jobFile(world, jobs[0] ?? '').state).toBe('completed')
  expect(JSON.stringify(journalOf(world, 'ran'))).toContain(program)
}, 60_000)
