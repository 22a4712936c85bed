import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { end, lives, startOf } from './processes.ts'
import { until } from './until.ts'
import type { World } from './world.ts'

/** A session as tmux told it when it was made. */
export interface Live {
  server: string
  name: string
  id: string
  created: number
  paneId: string
  panePid: number
  cwd: string
  serverPid: number
  serverStart: string
  socket: string
}

/** Runs `tmux -u -L SERVER …` in the world; its output, or an error with tmux's own words. */
export function tmux(world: World, server: string, args: string[], cwd = '/'): string {
  const [program = 'tmux', ...rest] = [...world.prefix, 'tmux', '-u', '-L', server, ...args]
  const done = spawnSync(program, rest, {
    cwd,
    env: world.env,
    encoding: 'utf8',
    timeout: 10_000,
    killSignal: 'SIGKILL',
  })
  if (done.error) throw done.error
  if (done.status !== 0) throw new Error(`tmux ${args.join(' ')}: ${done.stderr.trim()} (exit ${done.status})`)
  return done.stdout
}

// The name last: it is the only text that may hold anything.
const FACTS = '#{session_id} #{session_created} #{pane_id} #{pane_pid} #{pid} #{socket_path} #{session_name}'

/** A detached session that runs a program without a shell. The folder comes from the client's own cwd, so that nothing in
 * its name is a format to tmux. */
export function newSession(world: World, server: string, name: string, cwd: string, command: string[]): Live {
  keepServer(world, server)
  const size = ['-x', '140', '-y', '40']
  const made = tmux(world, server, ['new-session', '-d', '-P', '-F', FACTS, ...size, '-s', name, '--', ...command], cwd)
  const [id = '', created, paneId = '', panePid, pid, socket = '', ...names] = made.replace(/\n$/, '').split(' ')
  awaitProgram(Number(panePid))
  return {
    server,
    name: names.join(' '),
    id,
    created: Number(created),
    paneId,
    panePid: Number(panePid),
    cwd,
    serverPid: Number(pid),
    serverStart: startOf(Number(pid)),
    socket,
  }
}

/** A new pane is a copy of its server until its program has taken its place. */
function awaitProgram(pid: number): void {
  const deadline = Date.now() + 10_000
  while (readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('tmux')) {
    if (Date.now() > deadline) throw new Error(`pane ${pid} did not start its program`)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2)
  }
}

/** Starts the server from `/`; it stays when its last session ends. */
export function keepServer(world: World, server: string): number {
  tmux(world, server, ['start-server', ';', 'set-option', '-s', 'exit-empty', 'off'])
  const pid = Number(tmux(world, server, ['display-message', '-p', '#{pid}']))
  world.pids.add(pid)
  return pid
}

/** Ends a session and waits until its program is gone too. */
export async function killSession(world: World, session: Live): Promise<void> {
  tmux(world, session.server, ['kill-session', '-t', `${session.id}:`])
  await until(`the end of pane ${session.panePid}`, () => !lives(session.panePid))
}

/** Ends a server as a crash would: its socket stays behind, stale. */
export async function killServer(world: World, session: Live): Promise<void> {
  end(session.serverPid)
  await until(`the end of server ${session.serverPid}`, () => !lives(session.serverPid) && !lives(session.panePid))
  world.pids.delete(session.serverPid)
}

export function removeSocket(session: Live): void {
  rmSync(session.socket)
}
