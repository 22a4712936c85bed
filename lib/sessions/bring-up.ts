/** From nothing to an agent that is up: what create and resume share. */

import { randomUUID } from 'node:crypto'
import { dirname, join } from 'node:path'
import type { Driver, Launch, Wish } from '#lib/agents/drive/types.ts'
import type { Adapter } from '#lib/agents/types.ts'
import { CodedError, EXIT } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'
import { listServer, livePanes } from '#lib/tmux/listing.ts'
import { peekPane } from '#lib/tmux/peek.ts'
import { letPaneEnd, type Started, startSession } from '#lib/tmux/start.ts'
import { endSession } from './end.ts'
import { agentEnvironment } from './environment.ts'
import { makeLaunchFolder, removeLaunchFiles } from './launch-files.ts'
import { freePort, hasLostPort } from './port.ts'
import { runnerOf } from './program.ts'
import { awaitReady, lastWords, type Ready, type StartedAgent } from './ready.ts'
import { trustIfAsked } from './trust.ts'
import { isSilent, silent, takeDown, type Up } from './up.ts'

export interface Plan {
  server: string
  name: string
  folder: string
  width: number
  height: number
  adapter: Adapter
  driver: Driver
  /** Absolute path of the agent's program. */
  program: string
  wish: Wish
  /** Which start: a new conversation, a resume, a fork. */
  launch(wish: Wish): Launch
  /** Variables the user asked for. */
  env: Record<string, string>
  mark: string
  waitReadyMs: number
  trust: boolean
  isInterrupted?(): boolean
  onProgress?(what: string): void
}

/** Starts the session and waits until its agent is ready or asks something. When it does not come up, the session is
 * ended again and a CodedError says why, with the pane's last lines: `name-taken`, `start-failed`, `wrong-folder`,
 * `agent-ended`, `not-ready` (exit 3), `tmux-silent` (exit 4: it may run; the row tells). */
export async function bringUp(machine: Machine, plan: Plan): Promise<Up> {
  makeLaunchFolder(dirname(plan.wish.logFile))
  try {
    return await upOrEnded(machine, plan)
  } catch (error) {
    if (!isSilent(error)) removeLaunchFiles(plan.wish)
    throw error
  }
}

/** How many ports are tried: between the choice and the start somebody else may take one. */
const MAX_PORTS = 3

async function upOrEnded(machine: Machine, plan: Plan): Promise<Up> {
  const { adapter, driver } = plan
  let wish: Wish = { ...plan.wish, plain: false }
  for (let ports = 1; ; ) {
    const launch = plan.launch(wish)
    await driver.prepare?.(launch, wish, runnerOf(plan.program, plan.folder, { ...machine.env, ...plan.env }))
    const started = await start(machine, plan, launch)
    const agent: StartedAgent = {
      server: plan.server,
      paneId: started.paneId,
      panePid: started.panePid,
      serverPid: started.serverPid,
      adapter,
      driver,
      ...(launch.id === undefined ? {} : { launchId: launch.id }),
      ...(launch.logFile === undefined ? {} : { logFile: launch.logFile }),
      ...(launch.hookFile === undefined ? {} : { hookFile: launch.hookFile }),
      ...(launch.secretFile === undefined ? {} : { secretFile: launch.secretFile }),
    }
    let answers = 0
    // Twice: one that did not reach it. A question that comes back again is for a person.
    const answerTrust = async (detail: string) => ++answers <= 2 && trustIfAsked(machine, agent, detail)
    const ready = await awaitReady(machine, agent, {
      waitMs: plan.waitReadyMs,
      ...(plan.isInterrupted ? { isInterrupted: plan.isInterrupted } : {}),
      ...(plan.onProgress ? { onProgress: what => plan.onProgress?.(`${plan.name}: ${what}`) } : {}),
      ...(plan.trust ? { answer: answerTrust } : {}),
    })
    if (ready.kind === 'ready' || ready.kind === 'waiting') {
      if (!isInFolder(ready.seen.pane.cwd, plan.folder)) {
        await takeDown(machine, plan.server, started)
        throw wrongFolder(plan, ready.seen.pane.cwd)
      }
      await letPaneEnd(machine.tmux, plan.server, started.paneId)
      // One that ended just before that stays as a dead pane.
      const last = await peekPane(machine.tmux, plan.server, started.paneId)
      const isGone = last === 'gone' || (last !== 'unknown' && last.dead)
      if (!isGone) return { wish, launch, started, agent, ready }
      await takeDown(machine, plan.server, started)
      throw didNotComeUp(plan, { kind: 'ended', why: 'it left as soon as it was ready', seen: ready.seen })
    }
    if (ready.kind === 'unknown') throw silent(plan.server, ready.why)
    await takeDown(machine, plan.server, started)
    if (plan.isInterrupted?.() === true) throw interrupted(plan)
    const hasEnded = ready.kind === 'ended'
    const isOlder = hasEnded && !wish.plain && driver.unknownFlag?.test(ready.seen?.screen ?? '') === true
    if (isOlder) wish = { ...wish, plain: true }
    else if (hasEnded && ports++ < MAX_PORTS && (await hasLostPort(launch, wish)))
      wish = { ...wish, port: await freePort() }
    else throw didNotComeUp(plan, ready)
  }
}

async function start(machine: Machine, plan: Plan, launch: Launch): Promise<Started> {
  const { set, unset } = agentEnvironment(plan.driver, machine.env, plan.env, launch.env)
  const wish = { ...plan, argv: [plan.program, ...launch.args], set, unset }
  let answer = await startSession(machine.tmux, wish)
  if (answer.kind === 'taken' && (await removeRemains(machine, plan))) answer = await startSession(machine.tmux, wish)
  switch (answer.kind) {
    case 'started':
      return answer
    case 'taken':
      throw new CodedError(
        'name-taken',
        EXIT.refused,
        `tmux server ${plan.server} has a session ${plan.name} already, and it is not on record here`,
        '`agent-sessions reconcile` records it if it is this registry’s; else use --name.',
      )
    case 'failed':
      throw new CodedError('start-failed', EXIT.refused, `tmux did not start ${plan.name}: ${answer.message}`)
    case 'unknown':
      throw silent(plan.server, answer.message)
  }
}

/** A start that died left its pane to be looked at: a session of ours in which nothing runs any more. */
async function removeRemains(machine: Machine, { server, name, mark }: Plan): Promise<boolean> {
  const view = await listServer(machine.tmux, server)
  if (view.state !== 'alive') return false
  const session = view.sessions.find(other => other.name === name)
  if (session === undefined || session.mark !== mark || livePanes(session).length > 0) return false
  const { ended } = await endSession(machine, { server, serverPid: view.process.pid, sessionId: session.id }, 5000)
  return ended === 'yes'
}

/** tmux goes to another folder without a word where one is missing; the agent may go on to one below. */
function isInFolder(cwd: string, folder: string): boolean {
  // Empty where tmux cannot tell.
  return cwd === '' || cwd === folder || cwd.startsWith(`${folder}/`) || folder === '/'
}

function wrongFolder(plan: Plan, cwd: string): CodedError {
  return new CodedError(
    'wrong-folder',
    EXIT.refused,
    `${plan.name} came up in ${cwd} instead of ${plan.folder}; it was ended again`,
    'Does the folder still exist, and may this user enter it?',
  )
}

function interrupted({ name }: Plan): CodedError {
  return new CodedError('interrupted', EXIT.refused, `${name}: interrupted while its agent started; it was ended again`)
}

function didNotComeUp(plan: Plan, ready: Extract<Ready, { kind: 'ended' | 'late' }>): CodedError {
  const words = lastWords(ready.seen?.screen ?? '')
  const shown = words === '' ? ' Its pane was empty.' : ` Its last lines:\n${words}`
  const { name } = plan.adapter
  if (ready.kind === 'ended')
    return new CodedError(
      'agent-ended',
      EXIT.refused,
      `${name} did not stay up: ${ready.why}.${shown}`,
      `Try it by hand in ${plan.folder}: ${plan.program}`,
    )
  return new CodedError(
    'not-ready',
    EXIT.locked,
    `${name} was not ready after ${plan.waitReadyMs / 1000} s; it was ended again.${shown}`,
    'Give it longer with --wait-ready SECONDS, or try it by hand.',
  )
}

/** What each start gets of its own. */
export async function newWish(
  registryPath: string,
  folder: string,
  { model, skipPermissions }: { model?: string | undefined; skipPermissions: boolean },
): Promise<Wish> {
  const newId = randomUUID()
  const own = join(dirname(registryPath), 'launches')
  return {
    folder,
    newId,
    ...(model === undefined ? {} : { model }),
    skipPermissions,
    logFile: join(own, `${newId}.log`),
    hookFile: join(own, `${newId}.hook.json`),
    secretFile: join(own, `${newId}.secret`),
    port: await freePort(),
    plain: false,
  }
}
