/** docs/delegate-over-mqtt.md, typed line by line into a shell in a real terminal. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { jobFile, jobIds } from '../harness/jobs.ts'
import { liveWorld } from '../harness/live-create.ts'
import { startMosquitto } from '../harness/mosquitto.ts'
import { rowOf } from '../harness/rows.ts'
import { until } from '../harness/until.ts'
import { completedIn } from './broker-of-text.ts'
import { Terminal } from './terminal.ts'
import { blockOf, commandsOf, linkProgram } from './texts.ts'

const PAGE = 'docs/delegate-over-mqtt.md'

it('two jobs, and somebody who listens', async () => {
  const world = liveWorld({ report: 'completed', turnMs: 1000 }, { names: ['claude'] })
  linkProgram(world)
  const broker = await startMosquitto({ config: ['allow_anonymous true'] })
  const here = (text: string) => text.replace('-h localhost -p 1883', `-h ${broker.host} -p ${broker.port}`)
  const config = blockOf(PAGE, 'bus').replace('mqtt://localhost:1883', broker.url)
  writeFileSync(join(world.workspace, '.hermes/agent-sessions.config.yaml'), config)
  const terminal = new Terminal(world)
  const textOf = (name: string) => {
    const path = join(world.workspace, name)
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }
  const heard = () => completedIn(textOf('events.log'))

  for (const line of commandsOf(PAGE, 'two jobs')) {
    // A person takes longer.
    if (line.includes('one=')) await until('the monitor', () => textOf('monitor.log').includes('connected'))
    if (line.startsWith('grep')) await until('both ends, on the dashboard', () => heard() === 2, { timeoutMs: 30_000 })
    const mark = terminal.type(here(line))
    expect([line, await terminal.exitCode(mark)]).toEqual([line, 0])
    if (line.includes('mosquitto_sub'))
      await until('the dashboard', () => broker.log().includes('Sending SUBACK to auto-'))
  }
  expect(jobIds(world).map(id => jobFile(world, id).prompt)).toEqual([
    'Write the release notes',
    'Check the links in them',
  ])
  for (const id of jobIds(world)) expect(jobFile(world, id).state).toBe('completed')
  expect(rowOf(world, 'my-writer')).toMatchObject({ status: 'running' })
  expect(textOf('monitor.log')).toContain(broker.url)
}, 90_000)
