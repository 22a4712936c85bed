/** Stand-in agents in panes, as targets of deliveries. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Driver } from '#lib/agents/drive/types.ts'
import { findAgent } from '#lib/agents/find.ts'
import { adapterNamed } from '#lib/agents/table.ts'
import { type DeliverOptions, type DeliveryTarget, deliver } from '#lib/sessions/deliver.ts'
import { lookAtTarget } from '#lib/sessions/deliver-look.ts'
import { thisMachine } from '#lib/system/machine.ts'
import type { Control } from '../agents/control.ts'
import { installAgents } from '../agents/install.ts'
import { type JournalLine, journalLines } from '../agents/log.ts'
import { end, lives } from '../harness/processes.ts'
import { type Live, newSession, tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'

export const LAB = 'lab'

export interface StandIn {
  world: World
  session: Live
  target: DeliveryTarget
  /** Changes what it does from now on. */
  tell(control: Control): void
  say(text: string, options?: Partial<DeliverOptions>): ReturnType<typeof deliver>
  journal(): JournalLine[]
  /** The messages it took, each time it took one. */
  got(): string[]
  screen(): string
  type(...keys: string[]): void
}

/** Starts one and waits until its input line is there; `isUp: false`: only until it runs. */
export async function standIn(
  name: string,
  control: Control = {},
  { world = makeWorld(), isUp = true, args = [] as string[] } = {},
): Promise<StandIn> {
  const n = world.pids.size + Math.random().toString(36).slice(2, 8)
  const own = join(world.root, `own-${n}`)
  mkdirSync(own)
  installAgents(world.agents, { names: [name] })
  const tell = (to: Control) => writeFileSync(join(own, 'control.json'), JSON.stringify(to))
  tell(control)
  const env = [`STANDIN_CONTROL=${own}/control.json`, `STANDIN_LOG=${own}/log`]
  const command = ['/usr/bin/env', ...env, join(world.agents, name), ...args]
  const session = newSession(world, LAB, `${name}-${n}`, world.workspace, command)
  const machine = thisMachine(world.env)
  const target = await targetOf(world, name, session)
  endFirst(target)
  if (isUp)
    await until(`the input line of ${name}`, async () => {
      const looked = await lookAtTarget(machine, target)
      return looked.kind === 'seen' && looked.sight.input.kind !== 'none'
    })
  const journal = () => journalLines(join(own, 'log'))
  return {
    world,
    session,
    target,
    tell,
    say: (text, options) => deliver(machine, target, text, { timeoutMs: 8000, ...options }),
    journal,
    got: () =>
      journal().flatMap(line =>
        line.kind === 'queue' || (line.kind === 'submit' && !line.wasQueued) ? [line.text] : [],
      ),
    screen: () => tmux(world, LAB, ['capture-pane', '-p', '-t', session.paneId]),
    type: (...keys) => void tmux(world, LAB, ['send-keys', '-t', session.paneId, ...keys]),
  }
}

/** A stand-in that is told to leave writes its last files, and the world's folder would not be empty. */
export function endFirst({ look }: DeliveryTarget): void {
  onTestFinished(async () => {
    for (const { process } of look.agent.chain) end(process.pid)
    await until('its end', () => look.agent.chain.every(({ process }) => !lives(process.pid)))
  })
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
