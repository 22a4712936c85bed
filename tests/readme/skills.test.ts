/** The commands that the skills tell an agent to run, as they stand there. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Submitted } from '../harness/jobs.ts'
import { create, journalOf, liveWorld, command as say, tell } from '../harness/live-create.ts'
import { startMonitor } from '../harness/monitor.ts'
import { end } from '../harness/processes.ts'
import { until } from '../harness/until.ts'
import { runText } from './run-text.ts'
import { BUNDLE, commandsOf } from './texts.ts'

const LONG_MS = 600_000

interface Shown {
  sessions: { state: string }[]
}

it('the skill delegate-job: every command does what stands beside it', async () => {
  const world = liveWorld({ report: 'completed' }, { names: ['claude'] })
  const { name } = await create(world, ['--agent', 'claude'])
  writeFileSync(join(world.workspace, 'task.md'), 'Mend it.\n')
  const jobs: string[] = []
  for (const command of commandsOf('skills/delegate-job/SKILL.md', 'delegate-job')) {
    // The second job is never reported, so that there is one to cancel.
    const job = jobs[/ (?:cancel|retry) /.test(command) ? 1 : 0] ?? ''
    if (command.includes(' retry ')) {
      const stateOf = async () => (await say<Shown>(world, ['status', name])).sessions[0]?.state
      await until('the agent to rest', async () => (await stateOf()) === 'idle')
      // At the end of a turn Claude Code's hook tells the job of it: then it is no longer just delivered.
      tell(world, { turnMs: LONG_MS })
    }
    const ran = await runText(world, command.replace('NAME', name).replace('JOB', job))
    expect([command, ran.code, ran.stderr]).toEqual([command, 0, ''])
    const answer = JSON.parse(ran.stdout)
    expect(answer).toMatchObject({ schema: 1 })
    if (command.includes('--dry-run'))
      expect(answer).toMatchObject({ job_id: null, would: expect.stringMatching(/^(deliver|wait)$/) })
    else if (command.includes(' submit ') && jobs.push((answer as Submitted).job.id) === 1) {
      await until('the first report', () => journalOf(world, 'ran').length === 1)
      tell(world, {})
    }
    if (command.includes(' wait ')) expect(answer).toMatchObject({ jobs: [{ id: jobs[0], state: 'completed' }] })
    if (command.includes(' cancel ')) expect(answer).toMatchObject({ changed: true, job: { state: 'cancelled' } })
    if (command.includes(' retry ')) expect(answer).toMatchObject({ job: { retry_of: jobs[1], state: 'delivered' } })
  }
}, 60_000)

it('the skill create: an agent gets a job with its start', async () => {
  const world = liveWorld({ report: 'completed' }, { names: ['claude'] })
  const text = readFileSync(join(BUNDLE, 'skills/create/SKILL.md'), 'utf8')
  const command = /^BUNDLE.*--submit-job.*$/m.exec(text)?.[0] ?? ''
  const ran = await runText(world, command)
  expect([ran.code, JSON.parse(ran.stdout)]).toMatchObject([0, { created: true, job_error: null }])
})

it.each(commandsOf('skills/monitor/SKILL.md', 'monitor'))(
  'the skill monitor: `%s` listens until it is told to leave',
  async command => {
    const world = liveWorld({}, { names: ['claude'] })
    await create(world, ['--agent', 'claude'])
    const [program = '', ...flags] = command.split(/ +/)
    expect(program).toBe('BUNDLE/bin/reconcile.cjs')
    const monitor = startMonitor(world, flags)
    await expect.poll(monitor.stdout, { timeout: 20_000 }).toContain('"state":"connected"')
    end(monitor.pid, 'SIGTERM')
    expect(await monitor.left).toBe(0)
  },
)
