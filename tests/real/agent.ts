/** One real agent in a pane of a world of its own, started, looked at and written to by the project's own functions. */
import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Driver, Launch, Message, Wish } from '#lib/agents/drive/types.ts'
import { findAgent } from '#lib/agents/find.ts'
import type { Adapter, AgentContext, Artifact } from '#lib/agents/types.ts'
import { answerQuestion } from '#lib/sessions/answer.ts'
import { type Delivery, type DeliveryTarget, deliver } from '#lib/sessions/deliver.ts'
import { contextOf, lookAtTarget } from '#lib/sessions/deliver-look.ts'
import type { TargetSight } from '#lib/sessions/deliver-types.ts'
import { agentEnvironment } from '#lib/sessions/environment.ts'
import { runnerOf } from '#lib/sessions/program.ts'
import { type Machine, thisMachine } from '#lib/system/machine.ts'
import { type Started, startSession } from '#lib/tmux/start.ts'
import { keepServer, tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import type { World } from '../harness/world.ts'

const SERVER = 'real'
/** What a program may take to start or to answer on a busy machine. */
export const START_MS = 120_000
const DELIVER_MS = 20_000

export interface Kind {
  adapter: Adapter
  driver: Driver
  program: string
}

/** A pane, as a create tells of it. */
export type PaneOf = Pick<Started, 'paneId' | 'panePid' | 'serverPid'>

export interface Opened {
  server: string
  launch: Launch
  folder: string
  session: PaneOf
  screen(): string
}

export interface Running extends Opened {
  look(): Promise<TargetSight | undefined>
  /** Waits for this state, by the agent's own word, its server or its screen. */
  becomes(state: string, timeoutMs?: number): Promise<TargetSight>
  /** What its own evidence says. */
  id(): string | undefined
  say(text: string): Promise<Delivery>
  /** All messages its record holds. */
  messages(): Promise<Message[] | undefined>
  artifact(): Artifact
  trust(): ReturnType<typeof answerQuestion>
  keys(...keys: string[]): void
  target(): DeliveryTarget
  context(): AgentContext
  /** Types its own way out and waits; its exit code and last words. */
  leave(): Promise<{ status: string; text: string }>
}

export function wishIn(world: World, more: Partial<Wish> = {}): Wish {
  const own = join(world.root, 'own')
  mkdirSync(own, { recursive: true })
  const newId = randomUUID()
  return {
    folder: world.workspace,
    newId,
    skipPermissions: false,
    logFile: join(own, `${newId}.log`),
    hookFile: join(own, `a hook's file of ${newId}`),
    secretFile: join(own, `a secret's file of ${newId}`),
    port: 0,
    plain: false,
    ...more,
  }
}

/** Starts it as a create does, and waits for nothing; the pane stays when it leaves. */
export async function open(
  world: World,
  kind: Kind,
  launchOf: (wish: Wish) => Launch,
  wish: Wish = wishIn(world),
  extra: readonly string[] = [],
): Promise<Opened> {
  const { driver, program } = kind
  const machine = thisMachine(world.env)
  const launch = launchOf(wish)
  await driver.prepare?.(launch, wish, runnerOf(program, wish.folder, world.env))
  keepServer(world, SERVER)
  const session = await startSession(machine.tmux, {
    server: SERVER,
    name: `${driver.name}-${wish.newId.slice(0, 8)}-${randomUUID().slice(0, 4)}`,
    folder: wish.folder,
    width: 140,
    height: 40,
    argv: [program, ...launch.args, ...extra],
    ...agentEnvironment(driver, world.env, {}, launch.env),
    mark: world.registry,
  })
  if (session.kind !== 'started') throw new Error(`${driver.name} was not started: ${JSON.stringify(session)}`)
  // It would write into its home while that is being removed.
  world.pids.add(session.panePid)
  return openedAt(world, { server: SERVER, launch, folder: wish.folder, session })
}

function openedAt(world: World, pane: Omit<Opened, 'screen'>): Opened {
  const { server, session } = pane
  return { ...pane, screen: () => tmux(world, server, ['capture-pane', '-p', '-t', session.paneId]) }
}

/** Starts it and finds it under its pane. */
export async function run(
  world: World,
  kind: Kind,
  ...start: [Parameters<typeof open>[2], Wish?, (readonly string[])?]
) {
  return runningIn(world, kind, await open(world, kind, ...start))
}

/** One that a command started. */
export function runningAt(world: World, kind: Kind, server: string, session: PaneOf, launch: Launch): Promise<Running> {
  return runningIn(world, kind, openedAt(world, { server, launch, folder: world.workspace, session }))
}

async function runningIn(world: World, kind: Kind, opened: Opened): Promise<Running> {
  const machine = thisMachine(world.env)
  await until(`${kind.driver.name} under its pane`, () => agentUnder(machine, kind, opened), { timeoutMs: START_MS })
  return agentOf(world, machine, kind, opened)
}

function agentUnder(machine: Machine, { adapter }: Kind, { session }: Opened) {
  const found = findAgent(session.panePid, [adapter], machine.processes())
  // `node codex.js` is found before it has started itself again.
  const isWhole = found.kind === 'found' && (adapter.name !== 'codex' || found.agent.chain.length === 2)
  return isWhole ? found.agent : undefined
}

function agentOf(world: World, machine: Machine, kind: Kind, opened: Opened): Running {
  const { adapter, driver } = kind
  const { server, launch, folder, session } = opened
  const sessionCreated = Math.floor(Date.now() / 1000)
  const pane = { server, paneId: session.paneId, panePid: session.panePid, serverPid: session.serverPid }
  const context = () => contextOf(machine)
  const target = (): DeliveryTarget => {
    // Looked for each time: one starts itself again once it is trusted.
    const agent = agentUnder(machine, kind, opened)
    if (agent === undefined) throw new Error(`no ${adapter.name} under the pane\n${opened.screen()}`)
    const secret = launch.secretFile === undefined ? {} : { secretFile: launch.secretFile }
    const look = { agent, cwd: folder, sessionCreated, ...secret }
    return { ...pane, adapter, driver, look, ...(launch.id === undefined ? {} : { id: launch.id }) }
  }
  const running: Running = {
    ...opened,
    target,
    context,
    async look() {
      if (agentUnder(machine, kind, opened) === undefined) return undefined
      const looked = await lookAtTarget(machine, target(), true)
      return looked.kind === 'seen' ? looked.sight : undefined
    },
    becomes: (state, timeoutMs = START_MS) =>
      until(
        `${driver.name} to be ${state}`,
        async () => {
          const sight = await running.look()
          return sight?.state?.state === state && sight
        },
        { timeoutMs, everyMs: 100 },
      ).catch(error => {
        throw new Error(`${error.message}\n${opened.screen()}`)
      }),
    id() {
      const sight = adapter.liveId(target().look, context())
      return sight.kind === 'id' ? sight.evidence.id : undefined
    },
    say: text => deliver(machine, target(), text, { timeoutMs: DELIVER_MS }),
    messages: () => driver.messagesSince(undefined, target().look, running.id() ?? launch.id, context()),
    artifact: () => adapter.artifact(launch.id ?? '', folder, context()),
    trust() {
      const { trustChoice, choiceMark } = driver
      if (!trustChoice || !choiceMark) throw new Error('no trust question is known')
      return answerQuestion(machine, pane, trustChoice, choiceMark, DELIVER_MS)
    },
    keys: (...keys) => void tmux(world, server, ['send-keys', '-t', session.paneId, ...keys]),
    async leave() {
      running.keys('-l', driver.leaveText)
      await until('its own way out in the input line', async () => (await running.look())?.input.kind === 'draft')
      await machine.sleep(driver.enterGapMs)
      running.keys('Enter')
      return ended(world, opened)
    },
  }
  return running
}

/** Waits until the pane's program has left; its exit code and everything on the screen. */
export async function ended(
  world: World,
  { server, session, screen }: Opened,
): Promise<{ status: string; text: string }> {
  const facts = ['display-message', '-p', '-t', session.paneId, '#{pane_dead} #{pane_dead_status} #{pane_dead_signal}']
  const status = await until(
    'the end of the program',
    () => {
      const [dead, code] = tmux(world, server, facts).split(/\s/)
      if (dead !== '1') return undefined
      // tmux 3.3a may not know it, and for good, until it looks after another child of its own.
      if (code === '') tmux(world, server, ['run-shell', '-b', 'true'])
      return code !== '' && code
    },
    { timeoutMs: START_MS },
  ).catch(error => {
    throw new Error(`${error.message} (pane: ${tmux(world, server, facts).trim()})\n${screen()}`)
  })
  // tmux 3.3a writes its own line below and pushes the first one into the history.
  return { status, text: tmux(world, server, ['capture-pane', '-p', '-S', '-20', '-t', session.paneId]) }
}

/** A loopback port nobody listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
