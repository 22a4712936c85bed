/** A real agent in a real pane, looked at and written to by the project's own functions. */
import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Driver, Launch, Message, Wish } from '#lib/agents/drive/types.ts'
import { findAgent } from '#lib/agents/find.ts'
import type { Adapter, Artifact } from '#lib/agents/types.ts'
import { answerQuestion } from '#lib/sessions/answer.ts'
import { type Delivery, type DeliveryTarget, deliver } from '#lib/sessions/deliver.ts'
import { contextOf, lookAtTarget } from '#lib/sessions/deliver-look.ts'
import { runnerOf } from '#lib/sessions/program.ts'
import { type Machine, thisMachine } from '#lib/system/machine.ts'
import { lives } from '../harness/processes.ts'
import { type Live, newSession, tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import type { World } from '../harness/world.ts'

const SERVER = 'real'
/** What a program may take to start on a busy machine. */
export const START_MS = 60_000

export interface RealAgent {
  launch: Launch
  session: Live
  screen(): string
  /** Its state, by its own word or the screen. */
  state(): Promise<string | undefined>
  is(state: string, timeoutMs?: number): Promise<unknown>
  says(text: RegExp, timeoutMs?: number): Promise<unknown>
  trust(): Promise<string>
  prompt(text: string, timeoutMs?: number): Promise<Delivery>
  /** Every message of the user's in its conversation, by its record. */
  messages(): Promise<Message[] | undefined>
  artifact(): Artifact
  keys(...keys: string[]): void
  /** Types its own way out, and waits until its process has gone. */
  leave(): Promise<void>
}

export interface Kind {
  adapter: Adapter
  driver: Driver
  program: string
}

export function aWishIn(world: World, wish: Partial<Wish> = {}): Wish {
  const newId = randomUUID()
  const own = join(world.root, 'own')
  mkdirSync(own, { recursive: true })
  return {
    folder: world.workspace,
    newId,
    skipPermissions: false,
    logFile: join(own, `${newId}.log`),
    hookFile: join(own, `${newId}.hook.json`),
    port: 1,
    plain: false,
    ...wish,
  }
}

/** Starts the program with the driver's arguments; a line behind it keeps the pane's last words to be read. */
export async function begin(world: World, kind: Kind, launchOf: (wish: Wish) => Launch): Promise<RealAgent> {
  const machine = thisMachine(world.env)
  const wish = aWishIn(world)
  const launch = launchOf(wish)
  await kind.driver.prepare?.(launch, wish, runnerOf(kind.program, wish.folder, world.env))
  const keepsWords = ['bash', '-c', '"$@"; echo "EXIT=$?"; exec sleep 600', 'bash', kind.program, ...launch.args]
  const session = newSession(world, SERVER, `s-${wish.newId.slice(0, 8)}`, wish.folder, keepsWords)
  return agentIn(world, machine, kind, launch, session)
}

function agentIn(world: World, machine: Machine, kind: Kind, launch: Launch, session: Live): RealAgent {
  const { adapter, driver } = kind
  const pane = { server: SERVER, paneId: session.paneId, panePid: session.panePid, serverPid: session.serverPid }
  const target = (): DeliveryTarget => {
    const found = findAgent(session.panePid, [adapter], machine.processes())
    if (found.kind !== 'found') throw new Error(`no ${adapter.name} under the pane: ${found.kind}\n${agent.screen()}`)
    const look = { agent: found.agent, cwd: session.cwd, sessionCreated: session.created }
    return { ...pane, adapter, driver, look, ...(launch.id === undefined ? {} : { id: launch.id }) }
  }
  const agent: RealAgent = {
    launch,
    session,
    screen: () => tmux(world, SERVER, ['capture-pane', '-p', '-t', session.paneId]),
    async state() {
      if (findAgent(session.panePid, [adapter], machine.processes()).kind !== 'found') return undefined
      const seen = await lookAtTarget(machine, target(), true)
      return seen.kind === 'seen' ? seen.sight.state?.state : undefined
    },
    is: (state, timeoutMs = START_MS) =>
      until(`state ${state}`, async () => (await agent.state()) === state, { timeoutMs, everyMs: 200 }).catch(error => {
        throw new Error(`${error.message}\n${agent.screen()}`)
      }),
    says: (text, timeoutMs = START_MS) =>
      until(String(text), () => text.test(agent.screen()), { timeoutMs, everyMs: 200 }),
    trust: () => answerQuestion(machine, pane, driver.trustChoice ?? /$^/, driver.choiceMark ?? /$^/, 10_000),
    prompt: (text, timeoutMs = 15_000) => deliver(machine, target(), text, { timeoutMs }),
    messages: () => driver.messagesSince(undefined, target().look, launch.id, contextOf(machine)),
    artifact: () => adapter.artifact(launch.id ?? '', session.cwd, contextOf(machine)),
    keys: (...keys) => void tmux(world, SERVER, ['send-keys', '-t', session.paneId, ...keys]),
    async leave() {
      const { process } = target().look.agent
      tmux(world, SERVER, ['send-keys', '-t', session.paneId, '-l', driver.leaveText])
      await until('its way out in the input line', () => agent.screen().includes(driver.leaveText))
      await machine.sleep(driver.enterGapMs)
      agent.keys('Enter')
      await until('its end', () => !lives(process.pid), { timeoutMs: 20_000 })
      await agent.says(/EXIT=0/)
    },
  }
  return agent
}
