/** docs/several-machines.md: two homes that share no registry, tmux or file play the machines, and an `ssh` of ours goes there. */
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { jobFile, jobIds } from '../harness/jobs.ts'
import { liveWorld, tell } from '../harness/live-create.ts'
import { tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { folder, makeWorld, type World } from '../harness/world.ts'
import { completedIn, makeCertificates, type Place, startOfText } from './broker-of-text.ts'
import { Terminal } from './terminal.ts'
import { blockOf, commandsOf, linkProgram } from './texts.ts'

const PAGE = 'docs/several-machines.md'
const MQTT = 'skills/delegate-job/references/mqtt.md'

it('two machines on one broker: work goes to each, and the desk hears of both', async () => {
  const desk = makeWorld()
  const place = await makeCertificates(folder(desk, 'broker'), ['hosta', 'hostb', 'dashboard'])
  const broker = await startOfText(place)
  const hosts = { hosta: machine(place, 'hosta'), hostb: machine(place, 'hostb') }
  for (const world of Object.values(hosts)) {
    const terminal = new Terminal(world)
    for (const line of commandsOf(PAGE, 'each machine')) {
      if (line.includes('doctor')) await until('the monitor', () => textOf(world, 'monitor.log').includes('connected'))
      expect([line, await terminal.exitCode(terminal.type(line))]).toEqual([line, 0])
    }
    expect(terminal.screen()).toMatch(/good +broker +mqtts:/)
    tell(world, { report: 'completed', turnMs: 500 })
  }

  for (const name of ['ca.pem', 'dashboard.pem', 'dashboard.key'])
    copyFileSync(join(place.certificates, name), join(desk.workspace, name))
  installSsh(desk, hosts)
  const terminal = new Terminal(desk)
  const heard = () => completedIn(textOf(desk, 'events.log'))
  for (const line of commandsOf(PAGE, 'desk')) {
    if (line.includes('list --all')) await until('both ends, on the desk', () => heard() === 2, { timeoutMs: 30_000 })
    const mark = terminal.type(line.replace('broker.example.org -p 8883', `localhost -p ${place.port}`))
    if (line.includes(' attach ')) {
      await until('the terminal of the desk', () => tmux(hosts.hosta, 'default', ['list-clients']) !== '')
      tmux(hosts.hosta, 'default', ['detach-client', '-s', '=my-fixer'])
    }
    expect([line, await terminal.exitCode(mark)]).toEqual([line, 0])
    if (line.includes('mosquitto_sub'))
      await until('the desk to listen', () => broker.log().includes('Sending SUBACK to auto-'))
    if (line.includes('list --all')) expect(terminal.screen().match(/ completed /g)).toHaveLength(2)
  }
  for (const [name, prompt] of [
    ['hosta', 'Mend the failing test'],
    ['hostb', 'Check the links'],
  ] as const) {
    const jobs = jobIds(hosts[name]).map(id => jobFile(hosts[name], id))
    expect(jobs).toMatchObject([{ prompt, state: 'completed', session: { name: 'my-fixer' } }])
  }
}, 120_000)

/** A home with `my-app` in it, its config, certificates and agents. */
function machine(place: Place, host: string): World {
  const world = liveWorld({}, { names: ['claude'] })
  const app = join(world.home, 'my-app')
  renameSync(world.workspace, app)
  world.workspace = app
  world.registry = join(app, '.hermes/agent-sessions.yaml')
  linkProgram(world)
  const own = join(world.home, '.config/jobs')
  mkdirSync(own, { recursive: true })
  for (const name of ['ca.pem', `${host}.pem`, `${host}.key`])
    copyFileSync(join(place.certificates, name), join(own, name))
  const config = place.there(blockOf(MQTT, 'hosta config')).replaceAll('hosta', host)
  writeFileSync(join(app, '.hermes/agent-sessions.config.yaml'), config)
  return world
}

/** Runs its last argument in a shell with nothing but that machine's environment. */
function installSsh(desk: World, hosts: Record<string, World>): void {
  const cases = Object.entries(hosts).map(([name, { home, env }]) => {
    const words = Object.entries(env).map(([key, value]) => `'${key}=${value}'`)
    return `  ${name}) cd '${home}' && exec env -i TERM="$TERM" ${words.join(' ')} sh -c "$2" ;;`
  })
  const program = join(desk.bin, 'ssh')
  writeFileSync(program, `#!/bin/sh\n[ "$1" = -t ] && shift\ncase $1 in\n${cases.join('\n')}\nesac\nexit 255\n`)
  chmodSync(program, 0o755)
}

function textOf(world: World, name: string): string {
  const path = join(world.workspace, name)
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}
