/** Stand-in agents in panes, as targets of deliveries; for tests and tools. */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Driver, RunProgram, Wish } from '#lib/agents/drive/types.ts'
import { findAgent } from '#lib/agents/find.ts'
import { adapterNamed } from '#lib/agents/table.ts'
import { type DeliverOptions, type DeliveryTarget, deliver } from '#lib/sessions/deliver.ts'
import { lookAtTarget } from '#lib/sessions/deliver-look.ts'
import type { TargetSight } from '#lib/sessions/deliver-types.ts'
import { thisMachine } from '#lib/system/machine.ts'
import type { Control } from '../agents/control.ts'
import { installAgents } from '../agents/install.ts'
import { type JournalLine, journalLines } from '../agents/log.ts'
import { writeWhole } from '../agents/write-whole.ts'
import { freePort } from '../harness/mosquitto-process.ts'
import { type Live, newSession, tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import type { World } from '../harness/world.ts'

export const LAB = 'lab'
/** Many start at once on a machine that has other work. */
const UP_MS = 30_000

export interface StandIn {
  world: World
  session: Live
  target: DeliveryTarget
  /** Changes what it does from now on. */
  tell(control: Control): void
  say(text: string, options?: Partial<DeliverOptions>): ReturnType<typeof deliver>
  look(): Promise<TargetSight | undefined>
  journal(): JournalLine[]
  /** The messages it took, each time it took one. */
  got(): string[]
  screen(): string
  type(...keys: string[]): void
}

/** Starts one and waits until its input line is there; `isUp: false`: only until it runs. */
export async function startStandIn(
  world: World,
  name: string,
  control: Control = {},
  { isUp = true, onTarget }: { isUp?: boolean; onTarget?(target: DeliveryTarget): void } = {},
): Promise<StandIn> {
  const n = world.pids.size + Math.random().toString(36).slice(2, 8)
  const own = join(world.root, `own-${n}`)
  mkdirSync(own)
  installAgents(world.agents, { names: [name] })
  const tell = (to: Control) => writeWhole(join(own, 'control.json'), JSON.stringify(to))
  tell(control)
  const env = [`STANDIN_CONTROL=${own}/control.json`, `STANDIN_LOG=${own}/log`]
  const program = join(world.agents, name)
  const driver = await driverOf(name)
  const wish: Wish = {
    folder: world.workspace,
    newId: randomUUID(),
    skipPermissions: false,
    logFile: join(own, 'agent.log'),
    hookFile: join(own, 'hook'),
    secretFile: join(own, 'secret'),
    port: await freePort(),
    plain: false,
  }
  const launch = driver.start(wish)
  await driver.prepare?.(launch, wish, runner(world, program))
  const given = Object.entries(launch.env ?? {}).map(([name, value]) => `${name}=${value}`)
  const command = ['/usr/bin/env', ...env, ...given, program, ...launch.args]
  const session = newSession(world, LAB, `${name}-${n}`, world.workspace, command)
  const machine = thisMachine(world.env)
  const target = await targetOf(world, name, session)
  if (launch.id !== undefined) target.look.launchId = launch.id
  if (launch.logFile !== undefined) target.look.logFile = launch.logFile
  onTarget?.(target)
  const look = async () => {
    const looked = await lookAtTarget(machine, target)
    return looked.kind === 'seen' ? looked.sight : undefined
  }
  const screen = () => tmux(world, LAB, ['capture-pane', '-p', '-t', session.paneId])
  let why = ''
  const hasInput = async () => {
    const looked = await lookAtTarget(machine, target)
    why = looked.kind === 'seen' ? `input: ${looked.sight.input.kind}` : `${looked.kind}: ${looked.why}`
    // What it starts looks like itself between fork and exec, and may have been taken for it.
    if (looked.kind === 'lost') target.look.agent = (await targetOf(world, name, session)).look.agent
    return looked.kind === 'seen' && looked.sight.input.kind !== 'none'
  }
  if (isUp)
    await until(`the input line of ${name}`, hasInput, { timeoutMs: UP_MS }).catch(error => {
      throw new Error(`${error.message}; ${why}; its screen:\n${screen()}`)
    })
  const journal = () => journalLines(join(own, 'log'))
  return {
    world,
    session,
    target,
    tell,
    say: (text, options) => deliver(machine, target, text, { timeoutMs: 8000, ...options }),
    look,
    journal,
    got: () =>
      journal().flatMap(line =>
        line.kind === 'queue' || (line.kind === 'submit' && !line.wasQueued) ? [line.text] : [],
      ),
    screen,
    type: (...keys) => void tmux(world, LAB, ['send-keys', '-t', session.paneId, ...keys]),
  }
}

function runner(world: World, program: string): RunProgram {
  return (args, { timeoutMs = 10_000 } = {}) =>
    new Promise(settle =>
      execFile(
        program,
        [...args],
        { env: world.env, cwd: world.workspace, timeout: timeoutMs },
        (error, stdout, stderr) =>
          settle({ code: error ? (typeof error.code === 'number' ? error.code : null) : 0, stdout, stderr }),
      ),
    )
}

/** Only its own file: what is wrong with one driver fails its own tests. */
async function driverOf(name: string): Promise<Driver> {
  const file: Record<string, Driver> = await import(`../../lib/agents/drive/${name}.ts`)
  const driver = file[`${name}Driver`]
  if (!driver) throw new Error(`no driver named ${name}`)
  return driver
}

/** What is told of the pane: the agent found in it. */
export async function targetOf(world: World, name: string, session: Live): Promise<DeliveryTarget> {
  const adapter = adapterNamed(name)
  if (!adapter) throw new Error(`no adapter named ${name}`)
  const driver = await driverOf(name)
  const agent = await until(`${name} in pane ${session.panePid}`, () => {
    const answer = findAgent(session.panePid, [adapter], thisMachine(world.env).processes())
    return answer.kind === 'found' && answer.agent
  })
  const { server, paneId, panePid, serverPid, cwd, created } = session
  return {
    server,
    paneId,
    panePid,
    serverPid,
    adapter,
    driver,
    look: { agent, cwd, sessionCreated: created },
    lockPath: join(world.root, `lock-${panePid}`),
  }
}
