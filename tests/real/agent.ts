/** One real agent in a pane of a world of its own, looked at and written to as our commands do it. */
import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Driver, Launch, Message, Wish } from '#lib/agents/drive/types.ts'
import { findAgent } from '#lib/agents/find.ts'
import type { Adapter } from '#lib/agents/types.ts'
import { answerQuestion } from '#lib/sessions/answer.ts'
import { type Delivery, type DeliveryTarget, deliver } from '#lib/sessions/deliver.ts'
import { lookAtTarget } from '#lib/sessions/deliver-look.ts'
import type { TargetSight } from '#lib/sessions/deliver-types.ts'
import { thisMachine } from '#lib/system/machine.ts'
import { type Live, newSession, tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import type { World } from '../harness/world.ts'

const SERVER = 'real'

export interface Real {
  adapter: Adapter
  driver: Driver
  program: string
  env: Record<string, string>
}

export interface Running {
  session: Live
  target: DeliveryTarget
  look(): Promise<TargetSight | undefined>
  /** Waits for this state, by the agent's own word or its screen. */
  becomes(state: string, timeoutMs?: number): Promise<TargetSight>
  id(): string | undefined
  say(text: string): Promise<Delivery>
  /** All messages its record holds. */
  messages(): Promise<Message[] | undefined>
  trust(): ReturnType<typeof answerQuestion>
  /** Types its own way out and waits; its exit code and last words. */
  leave(): Promise<{ status: string; text: string }>
}

export function wishIn(world: World, more: Partial<Wish> = {}): Wish {
  const own = join(world.root, 'own')
  mkdirSync(own, { recursive: true })
  return {
    folder: world.workspace,
    newId: randomUUID(),
    skipPermissions: false,
    logFile: join(own, 'log'),
    hookFile: join(own, "a hook's file"),
    secretFile: join(own, "a secret's file"),
    port: 0,
    plain: false,
    ...more,
  }
}

/** Starts it without waiting for anything; the pane stays when it leaves. */
export function open(world: World, real: Real, launch: Launch, extra: string[] = []): Live {
  const variables = Object.entries({ TERM: 'tmux-256color', LANG: 'C.UTF-8', ...real.env })
  const env = ['/usr/bin/env', ...variables.map(([name, value]) => `${name}=${value}`)]
  // Set before there is a pane: a program that leaves at once would take its pane with it.
  tmux(world, SERVER, ['start-server', ';', 'set-option', '-s', 'exit-empty', 'off'])
  tmux(world, SERVER, ['set-option', '-g', 'remain-on-exit', 'on'])
  const name = `${real.driver.name}-${randomUUID().slice(0, 8)}`
  const session = newSession(world, SERVER, name, world.workspace, [...env, real.program, ...launch.args, ...extra])
  // It would write into its home while that is being removed.
  world.pids.add(session.panePid)
  return session
}

/** Starts it and finds it under its pane. */
export async function run(world: World, real: Real, launch: Launch, extra: string[] = []): Promise<Running> {
  const session = open(world, real, launch, extra)
  const machine = thisMachine(world.env)
  const agent = await until(`${real.driver.name} under its pane`, () => {
    const found = findAgent(session.panePid, [real.adapter], machine.processes())
    // `node codex.js` is found before it has started itself again.
    return found.kind === 'found' && isWhole(found.agent.chain.length, real) && found.agent
  })
  const target: DeliveryTarget = {
    server: SERVER,
    paneId: session.paneId,
    panePid: session.panePid,
    serverPid: session.serverPid,
    adapter: real.adapter,
    driver: real.driver,
    look: { agent, cwd: session.cwd, sessionCreated: session.created },
  }
  const look = async () => {
    const looked = await lookAtTarget(machine, target)
    return looked.kind === 'seen' ? looked.sight : undefined
  }
  const context = () => ({ env: world.env, processes: machine.processes() })
  const id = () => {
    const sight = real.adapter.liveId(target.look, context())
    return sight.kind === 'id' ? sight.evidence.id : undefined
  }
  return {
    session,
    target,
    look,
    id,
    becomes: (state, timeoutMs = 15_000) =>
      until(
        `${real.driver.name} to be ${state}`,
        async () => {
          const sight = await look()
          return sight?.state?.state === state && sight
        },
        { timeoutMs, everyMs: 100 },
      ),
    say: text => deliver(machine, target, text, { timeoutMs: 15_000 }),
    messages: () => real.driver.messagesSince(undefined, target.look, id(), context()),
    trust: () => {
      const { trustChoice, choiceMark } = real.driver
      if (!trustChoice || !choiceMark) throw new Error('no trust question is known')
      return answerQuestion(machine, target, trustChoice, choiceMark, 15_000)
    },
    async leave() {
      tmux(world, SERVER, ['send-keys', '-t', session.paneId, '-l', real.driver.leaveText])
      await until('its own way out in the input line', async () => (await look())?.input.kind === 'draft')
      tmux(world, SERVER, ['send-keys', '-t', session.paneId, 'Enter'])
      return ended(world, session)
    },
  }
}

/** Waits until the pane's program has left; its exit code and everything on the screen. */
export async function ended(world: World, session: Live): Promise<{ status: string; text: string }> {
  const status = await until('the end of the program', () => {
    const [dead, code] = tmux(world, SERVER, [
      'display-message',
      '-p',
      '-t',
      session.paneId,
      '#{pane_dead} #{pane_dead_status}',
    ]).split(/\s/)
    return dead === '1' && code !== '' && code
  })
  // tmux 3.3a writes its own line below and pushes the first one into the history.
  return { status, text: tmux(world, SERVER, ['capture-pane', '-p', '-S', '-20', '-t', session.paneId]) }
}

function isWhole(processes: number, real: Real): boolean {
  return real.driver.name === 'codex' ? processes === 2 : true
}
