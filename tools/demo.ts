/** The main job, shown on a private tmux server: five sessions, a registry that is wrong about four of them, one pass. Then
 * agents that are started, stopped and resumed, and a job from its prompt to its end. Touches neither your home folder nor
 * your own tmux servers or brokers, and takes everything away at the end. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { processesHere } from '#lib/system/processes-here.ts'
import { installAgents } from '../tests/agents/install.ts'

const bundle = dirname(dirname(fileURLToPath(import.meta.url)))
const root = realpathSync(mkdtempSync(join(tmpdir(), 'as-demo-')))
const lab = join(root, 'lab')
// Of yours only what says how to write on your screen: no server, folder or broker that you name is touched.
const KEPT = ['PATH', 'TERM', 'COLORTERM', 'NO_COLOR', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'AGENT_SESSIONS_DEV']
const env: NodeJS.ProcessEnv & { HOME: string; TMUX_TMPDIR: string } = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => KEPT.includes(name))),
  HOME: join(root, 'home'),
  TMUX_TMPDIR: join(root, 'tmux'),
}
const registry = join(lab, '.hermes', 'agent-sessions.yaml')
for (const folder of [dirname(registry), env.HOME, env.TMUX_TMPDIR, join(root, 'bin')])
  mkdirSync(folder, { recursive: true, mode: 0o700 })

const say = (text: string) => process.stdout.write(`${text}\n`)
const tmux = (...args: string[]) => execFileSync('tmux', ['-u', '-L', 'default', ...args], { env, cwd: '/' }).toString()

/** A program called `claude` that does nothing: the kernel names a process after the path it was started by. */
const standIn = join(root, 'bin', 'claude')
symlinkSync(execFileSync('which', ['sleep']).toString().trim(), standIn)

function startSession(name: string): { sessionId: string; created: number; pid: number; serverPid: number } {
  tmux('new-session', '-d', '-s', name, '-x', '140', '-y', '40', '-c', lab, '--', standIn, '100000')
  const [sessionId = '', created, pid, serverPid] = tmux(
    ...['list-panes', '-t', `=${name}:`, '-F', '#{session_id} #{session_created} #{pane_pid} #{pid}'],
  )
    .trim()
    .split(' ')
  return { sessionId, created: Number(created), pid: Number(pid), serverPid: Number(serverPid) }
}

const startOf = (pid: number): string => {
  const look = processesHere().look(pid)
  if (look.state !== 'present') throw new Error(`process ${pid} is not there`)
  return look.process.start
}

/** What Claude Code leaves on disk: its live map of pids, and a transcript once there was a turn. */
function leaveTraces(pid: number, id: string): void {
  const claude = join(env.HOME, '.claude')
  const project = join(claude, 'projects', lab.replaceAll(/[^a-zA-Z0-9]/g, '-'))
  mkdirSync(join(claude, 'sessions'), { recursive: true })
  mkdirSync(project, { recursive: true })
  const map = { pid, sessionId: id, cwd: lab, procStart: startOf(pid), kind: 'interactive', status: 'idle' }
  writeFileSync(join(claude, 'sessions', `${pid}.json`), JSON.stringify(map))
  const turn = {
    type: 'user',
    isSidechain: false,
    message: { role: 'user', content: 'hello' },
    cwd: lab,
    sessionId: id,
  }
  writeFileSync(join(project, `${id}.jsonl`), `${JSON.stringify(turn)}\n`)
}

function row(name: string, at: ReturnType<typeof startSession>, more = ''): string {
  return `  - name: ${name}
    status: running
    tmux_session_epoch: ${at.created}
    tmux_server: default
    pane: { index: 0, pid: ${at.pid}, cmd: claude, cwd: ${lab} }
    tmux_session_id: ${at.sessionId}
    tmux_server_pid: ${at.serverPid}
    tmux_server_pid_start: "${startOf(at.serverPid)}"
${more}`
}

function run(command: string, ...args: string[]): Promise<void> {
  return runIn(lab, command, ...args)
}

const program = join(bundle, 'bin', 'agent-sessions.cjs')

async function runIn(folder: string, command: string, ...args: string[]): Promise<void> {
  const words = [command, ...args].map(word => (word.includes(' ') ? `"${word}"` : word))
  say(`\n$ agent-sessions ${words.join(' ')}`)
  const child = spawn(process.execPath, [program, command, ...args], { env, cwd: folder, stdio: 'inherit' })
  const [status] = await once(child, 'exit')
  if (status !== 0) throw new Error(`agent-sessions ${command} left with ${status}`)
}

let monitor: ChildProcess | undefined

/** Starts a monitor whose words are shown as they come. Gives what waits until it has said something. */
function startMonitor(folder: string): (what: string) => Promise<void> {
  say('\n$ agent-sessions reconcile --subscribe &')
  const args = [program, 'reconcile', '--subscribe', '--timeout', '60']
  const child = spawn(process.execPath, args, { env, cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  monitor = child
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
    process.stdout.write(text.replaceAll(/^(?=.)/gm, '  monitor | '))
  })
  return async what => {
    while (!said.includes(what)) {
      if (child.exitCode !== null) throw new Error(`the monitor left before it said "${what}"`)
      await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
    }
  }
}

function cleanUp(): void {
  monitor?.kill('SIGKILL')
  spawnSync('tmux', ['-L', 'default', 'kill-server'], { env })
  rmSync(root, { recursive: true, force: true, maxRetries: 5 })
}
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    cleanUp()
    process.exit(130)
  })

try {
  say(`A private tmux server, and agents in ${lab} (stand-ins: programs called claude that sleep):`)
  const well = startSession('lab-creator-claude')
  leaveTraces(well.pid, '11111111-1111-4111-8111-111111111111')
  const fresh = startSession('lab-2-creator-claude')
  leaveTraces(fresh.pid, '22222222-2222-4222-8222-222222222222')
  startSession('lab-3-creator-claude')
  const dead = startSession('lab-4-creator-claude')
  const stale = startSession('lab-5-creator-claude')
  writeFileSync(
    registry,
    `# The agents of this workspace. Comments like this one survive.
tmux_sessions:
${row('lab-creator-claude', well, '    claude_session_id_own: 11111111-1111-4111-8111-111111111111\n')}${row('lab-2-creator-claude', fresh)}${row('lab-4-creator-claude', dead)}${row('lab-5-creator-claude', stale, '    claude_session_id_own: 55555555-5555-4555-8555-555555555555 # its transcript was deleted\n')}`,
  )
  tmux('kill-session', '-t', '=lab-4-creator-claude')
  say('  lab    is well: a running row, its session, its conversation')
  say('  lab-2  has begun a conversation that the registry does not know (C)')
  say('  lab-3  runs, but has no row (B)')
  say('  lab-4  has a running row, but its session was killed (A)')
  say('  lab-5  has a conversation id on record whose transcript is gone (D)')

  await run('reconcile', '--dry-run')
  say('\nThat was a dry run: nothing was written. Now for real.')
  await run('reconcile')
  say('\nA second pass has nothing left to do; what can only be reported stays.')
  await run('reconcile')
  await run('status', '--all')
  say('\nAgents that it starts itself. The stand-in for Claude Code behaves like the real one, without a network:')
  const shop = join(root, 'shop')
  mkdirSync(shop)
  installAgents(join(root, 'path'), { names: ['claude'] })
  env['PATH'] = `${join(root, 'path')}:${env['PATH']}`
  await runIn(shop, 'create', '--agent', 'claude', '--prompt', 'Read the code and say what it does')
  await runIn(
    shop,
    'create',
    '--agent',
    'claude',
    '--name',
    'my-review',
    '--prompt',
    'Look for mistakes; change nothing',
  )
  await runIn(shop, 'stop', 'my-review', '--reason', 'enough for today')
  await runIn(shop, 'status', '--all')
  await runIn(shop, 'resume', 'my-review')
  await runIn(shop, 'status')

  say(
    '\nA job for it. The stand-in runs the line below its prompt, which reports the end; a monitor puts that on record,',
  )
  say('and closes the session when its agent rests. It brings the MQTT broker that carries the news.')
  mkdirSync(join(env.HOME, '.standin'))
  writeFileSync(join(env.HOME, '.standin', 'control.json'), '{ "report": "completed", "turnMs": 2000 }')
  const monitorSays = startMonitor(shop)
  await monitorSays('connected')
  await runIn(shop, 'delegate-job', 'submit', 'my-review', '--prompt', 'Look once more, and count what you find')
  const job = readdirSync(join(shop, '.hermes', 'jobs')).find(name => name.endsWith('.json')) ?? ''
  await runIn(shop, 'delegate-job', 'wait', job.replace('.json', ''), '--timeout', '20s')
  await monitorSays('closed: my-review')
  await runIn(shop, 'status', '--all')
  const left = once(monitor as ChildProcess, 'exit')
  monitor?.kill('SIGTERM')
  await left
  say(`
All of that is gone again, its tmux server too: the attach commands above were for it alone.

In a folder of yours:
  ${join(bundle, 'bin', 'agent-sessions.cjs')} create --agent claude
makes the registry and starts an agent. For agents that run already, in sessions named <workspace>-creator-<agent> such as
my-app-creator-claude:
  mkdir -p .hermes && echo 'tmux_sessions: []' > .hermes/agent-sessions.yaml
  ${join(bundle, 'bin', 'agent-sessions.cjs')} reconcile --dry-run`)
} finally {
  cleanUp()
}
