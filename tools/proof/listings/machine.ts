/** The machine that a pass gets to see: the model's, through the faults of this pass. */
import type { Machine } from '#lib/system/machine.ts'
import type { Processes, ProcessLook } from '#lib/system/processes.ts'
import type { TmuxResult } from '#lib/tmux/exec.ts'
import { listing, MUTE, muteAnswer, nobodyListens, noSocket } from './answers.ts'
import type { Faults } from './faults.ts'
import type { Model, ModelServer } from './model.ts'
import { bootId, HOST } from './rows.ts'

const IS_MUTE: ReadonlySet<string> = new Set(MUTE)

export function machineOf(model: Model, faults: Faults, home: string): Machine {
  let hasSlept = false
  const answers = new Map<string, TmuxResult>()

  const list = (name: string, cut: string): TmuxResult => {
    const fault = faults.answers.get(name)
    const server = faults.inFront.get(name) ?? model.serverNamed(name)
    const path = server?.socketPath ?? `/tmp/tmux-1000/${name}`
    if (fault === 'socket removed') return noSocket(path)
    if (fault === 'nobody listens') return nobodyListens(path, model.random)
    const sessions = server?.sessions.filter(session => session.lives && (hasSlept || !faults.missing.has(session)))
    const whole = server === undefined ? noSocket(path) : listing(server, sessions ?? [], cut)
    return fault !== undefined && IS_MUTE.has(fault) ? muteAnswer(fault, whole, cut, path, model.random) : whole
  }

  return {
    env: { HOME: home },
    now: () => model.wall * 1000,
    async sleep(ms) {
      hasSlept = true
      model.now += ms / 1000
      if (faults.clockBetween !== 0) model.setClock(faults.clockBetween)
    },
    host: HOST,
    bootId: faults.hidesBootId ? undefined : bootId(model),
    bootTimeSec: () => Math.floor(model.bootedAt + model.offset),
    processes: () => processesOf(model, faults),
    tmuxVersion: async () => ({ kind: 'exit', code: 0, stdout: Buffer.from('tmux 3.4\n'), stderr: '' }),
    async tmux(name, args) {
      if (args[0] === 'set-option') return claim(faults.inFront.get(name) ?? model.serverNamed(name), args)
      const cut = /cut\w+$/.exec(args[2] ?? '')?.[0] ?? ''
      // The same fault for every look of a pass: what it says is made once, with the cut of that look.
      const key = `${name} ${hasSlept}`
      const [known, before] = [answers.get(key), cuts.get(answers.get(key) as TmuxResult)]
      if (known !== undefined && before !== undefined) return withCut(known, before, cut)
      const answer = list(name, cut)
      answers.set(key, answer)
      cuts.set(answer, cut)
      return answer
    },
  }
}

const cuts = new WeakMap<TmuxResult, string>()

function withCut(answer: TmuxResult, before: string, now: string): TmuxResult {
  if (answer.kind !== 'exit') return answer
  return { ...answer, stdout: Buffer.from(answer.stdout.toString().replaceAll(before, now)) }
}

function claim(server: ModelServer | undefined, args: string[]): TmuxResult {
  const [, , , target = '', , mark = ''] = args
  const session = server?.sessions.find(({ id, lives }) => lives && `${id}:` === target)
  const is = (code: number, stderr: string): TmuxResult => ({ kind: 'exit', code, stdout: Buffer.alloc(0), stderr })
  if (session === undefined) return is(1, `can't find session: ${target}`)
  if (session.mark !== '') return is(1, 'already set: @agent_sessions')
  session.mark = mark
  return is(0, '')
}

function processesOf(model: Model, faults: Faults): Processes {
  const seen = (pid: number) => !faults.hidden(pid)
  const look = (pid: number): ProcessLook => {
    if (!seen(pid)) return { state: 'unknown' }
    const process = model.processes.get(pid)
    return process === undefined ? { state: 'absent' } : { state: 'present', process }
  }
  return {
    look,
    isGone: pid => look(pid).state === 'absent',
    children: () => [],
    argv: pid => (seen(pid) && model.processes.get(pid)?.comm === 'claude' ? ['claude'] : []),
    openFiles: pid => (seen(pid) ? [] : undefined),
    cwd: pid => (seen(pid) ? '/nowhere' : undefined),
    all: () => (faults.hidesAll ? undefined : [...model.processes.values()]),
    startedAt: ({ pid }) => {
      const process = model.processes.get(pid)
      return process && seen(pid) ? process.startedAt + model.offset : undefined
    },
  }
}
