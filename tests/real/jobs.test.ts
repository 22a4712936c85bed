/** A job with the real Claude Code: handed over, its turn told by the hook, reported from a shell, and its session closed. */
import { execFileSync } from 'node:child_process'
import { afterEach, describe, expect, it } from 'vitest'
import { jsonOf } from '../harness/command.ts'
import { type JobFile, jobFile } from '../harness/jobs.ts'
import { bare, type Created } from '../harness/live-create.ts'
import { startMonitor } from '../harness/monitor.ts'
import { rowOf } from '../harness/rows.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'
import { claudeIn } from './homes.ts'
import { type RealProgram, realProgram } from './install.ts'
import { startStubApi } from './stub-apis.ts'

const VERSIONS = ['2.1.329', '2.1.197']
const programs = await Promise.all(VERSIONS.map(version => realProgram('claude', version)))
const SLOW = { timeoutMs: 170_000 }

let api: Awaited<ReturnType<typeof startStubApi>> | undefined
afterEach(async () => await api?.close())

for (const [at, version] of VERSIONS.entries()) {
  const real = programs[at] as RealProgram
  describe.skipIf(real.isMissing)(`a job with the real claude ${version}${real.note}`, () => {
    it('is taken, told of by the hook, and closed with its session', { timeout: 300_000 }, async () => {
      const world = makeWorld()
      execFileSync('git', ['init', '-q', world.workspace], { env: world.env })
      api = await startStubApi()
      claudeIn(world, { real, url: api.url, isTrusted: false })
      const monitorOf = (w: World) => startMonitor(w, ['--subscribe', '--emit-diff', '--interval', '5'])

      const ran = await bare(
        world,
        ['create', '--agent', 'claude', '--trust', '--wait-ready', '120', '--submit-job', 'Say one word', '--json'],
        SLOW,
      )
      expect(ran.code, ran.stdout + ran.stderr).toBe(0)
      const made = jsonOf<Created & { job: JobFile }>(ran)
      expect(made.job).toMatchObject({ delivery: { outcome: 'delivered', proof: 'record' } })
      const { id } = made.job
      const monitor = monitorOf(world)
      const turn = await until(
        'the hook to tell of the turn',
        () => jobFile(world, id).events.find(({ emitter }) => emitter === 'hook'),
        { timeoutMs: 60_000 },
      )
      expect(turn).toMatchObject({ event: 'progress', data: { hook: 'Stop', conversation: made.id } })
      expect(jobFile(world, id).state).toBe('running')

      const done = await bare(world, ['delegate-job', 'emit', id, 'completed', '--summary', 'said it'], SLOW)
      expect(done.code, done.stderr).toBe(0)
      await until('the session to be closed', () => monitor.stdout().includes(`closed: ${made.name}`), {
        timeoutMs: 60_000,
      })
      expect(rowOf(world, made.name)).toMatchObject({
        status: 'terminated',
        termination_mode: 'auto-detected (MQTT completed)',
        claude_session_id_own: made.id,
        resumable: true,
      })
    })
  })
}
