/** The README's section on jobs, typed line by line into a shell in a real terminal. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { jobFile, jobIds } from '../harness/jobs.ts'
import { journalOf, liveWorld, seen, tell } from '../harness/live-create.ts'
import { startMosquitto } from '../harness/mosquitto.ts'
import { rowOf } from '../harness/rows.ts'
import { until } from '../harness/until.ts'
import { Terminal } from './terminal.ts'
import { commandsOf, linkProgram } from './texts.ts'

const LONG_MS = 600_000

it('does what the text says', async () => {
  const world = liveWorld({ report: 'completed', turnMs: LONG_MS }, { names: ['claude'] })
  world.env['AGENT_SESSIONS_YAML'] = ''
  linkProgram(world)
  const terminal = new Terminal(world)
  const log = join(world.workspace, 'monitor.log')
  // The shell makes it a moment after it was told to.
  const monitorLog = () => (existsSync(log) ? readFileSync(log, 'utf8') : '')
  const typed = async (line: string) => expect([line, await terminal.exitCode(terminal.type(line))]).toEqual([line, 0])

  const ran = () => journalOf(world, 'ran')
  /** A session is closed once its agent rests, whatever its agent still runs then: it does so when its line has ended. */
  const closed = async (name: string, jobs: number) => {
    await until('the end of the line that reports', () => ran().length === jobs, { timeoutMs: 30_000 })
    tell(world, { turnMs: 0 })
    await until('the end of the session', () => monitorLog().includes(`closed: ${name}`), { timeoutMs: 30_000 })
    tell(world, { report: 'completed', turnMs: LONG_MS })
  }

  for (const line of commandsOf('README.md', 'a job')) {
    // A person takes longer.
    if (line.includes('job=')) await until('the monitor', () => monitorLog().includes('connected'))
    if (line.startsWith('kill')) await closed('my-fixer', 1)
    await typed(line)
    if (line.includes(' wait ')) expect(terminal.screen()).toMatch(/ completed {2}my-fixer {2}/)
    if (line.includes(' show ')) expect(terminal.screen()).toMatch(/ completed \(emit\): /)
  }
  expect(rowOf(world, 'my-fixer')).toMatchObject({ termination_mode: 'auto-detected (MQTT completed)' })
  expect(monitorLog()).toMatch(/broker: connected: .*\(embedded\)[\s\S]*terminated: my-fixer[\s\S]*closed: my-fixer/)
  expect(seen(world)).toEqual([])
  // Until the monitor has left.
  await typed('wait')

  const broker = await startMosquitto({ config: ['allow_anonymous true'] })
  const [first] = jobIds(world)
  for (const line of commandsOf('README.md', 'a job over Mosquitto')) {
    if (line.startsWith('kill')) await closed('my-tester', 2)
    await typed(line.replace('mqtt://localhost:1883', broker.url))
    if (line.includes('--subscribe')) await until('the monitor', () => monitorLog().includes('(environment)'))
    if (line.includes(' list ')) expect(terminal.screen()).toMatch(/ my-tester /)
  }
  const second = jobFile(world, jobIds(world).find(id => id !== first) ?? '')
  expect(second).toMatchObject({ state: 'completed', session: { name: 'my-tester' }, prompt: 'Mend the failing test' })
  expect(second.events.every(({ published }) => published)).toBe(true)
  expect(ran().map(({ code }) => code)).toEqual([0, 0])
}, 90_000)
