/** A private tmux server full of stand-in agents, and the registry and files that go with them. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { atTheEnd, removeFolder } from './left.ts'

export interface BenchWorld {
  root: string
  workspace: string
  /** What a bare environment has, and where the private tmux server is. */
  env: { PATH: string; HOME: string; TMUX_TMPDIR: string }
  registry: string
  /** Writes a registry with a row for each of the sessions. */
  writeRegistry(rows: number): void
  remove(): void
}

interface Listed {
  session: string
  sessionId: string
  created: number
  panePid: number
  paneId: string
  serverPid: number
  socket: string
}

/** What a bare environment has: without the folders that a package manager puts before it. */
export const barePath = (process.env['PATH'] ?? '')
  .split(':')
  .filter(folder => !folder.includes('node_modules') && !folder.includes('node-gyp'))
  .join(':')

const start = (pid: number): string => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] as string
}

/** An agent that is ready at once: what is left of a create is its own cost. */
export function addQuickAgent({ root, registry }: BenchWorld): void {
  const screen = join(root, 'screen')
  writeFileSync(screen, 'quick 1.0\n\nready> ')
  symlinkSync(programPath('tail'), join(root, 'programs', 'quick'))
  const config = `agents:
  quick: { start: [-f, ${screen}], input: '^ready> ?(.*)$', screen: [{ state: idle, pattern: '^ready>' }] }
`
  writeFileSync(join(dirname(registry), 'agent-sessions.config.yaml'), config)
}

function programPath(name: string): string {
  return execFileSync('which', [name]).toString().trim()
}

const conversationId = (i: number): string => `${i.toString(16).padStart(8, '0')}-aaaa-4aaa-8aaa-aaaaaaaaaaaa`

export function makeBenchWorld(sessions: number): BenchWorld {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'as-bench-')))
  const workspace = join(root, 'lab')
  const env = {
    PATH: `${barePath}:${join(root, 'programs')}`,
    HOME: join(root, 'home'),
    TMUX_TMPDIR: join(root, 'tmux'),
  }
  for (const folder of [
    join(workspace, '.hermes'),
    env.HOME,
    env.TMUX_TMPDIR,
    join(root, 'bin'),
    join(root, 'programs'),
  ])
    mkdirSync(folder, { recursive: true })
  chmodSync(env.TMUX_TMPDIR, 0o700)
  // The kernel names a process after the path it was started by: a stand-in that is called claude and costs nothing.
  symlinkSync(programPath('sleep'), join(root, 'bin', 'claude'))

  const tmux = (...args: string[]) =>
    execFileSync('tmux', ['-u', '-L', 'default', ...args], { env, cwd: '/', maxBuffer: 1 << 26 }).toString()
  const remove = atTheEnd(() => {
    try {
      tmux('kill-server')
    } finally {
      removeFolder(root)
    }
  })
  const newSession = (i: number) => [
    ...['new-session', '-d', '-s', `lab-${i}-creator-claude`, '-x', '140', '-y', '40', '-c', workspace],
    ...['--', join(root, 'bin', 'claude'), '1000000'],
  ]
  for (let i = 0; i < sessions; i += 20) {
    const batch = Array.from({ length: Math.min(20, sessions - i) }, (_, k) => newSession(i + k))
    tmux(...batch.flatMap((args, k) => (k === 0 ? args : [';', ...args])))
  }
  const format = '#{session_id} #{session_created} #{pane_pid} #{pane_id} #{pid} #{socket_path} #{session_name}'
  const listed = tmux('list-panes', '-a', '-F', format)
    .trim()
    .split('\n')
    .map((line): Listed => {
      const [sessionId = '', created, panePid, paneId = '', serverPid, socket = '', session = ''] = line.split(' ')
      return {
        sessionId,
        created: Number(created),
        panePid: Number(panePid),
        paneId,
        serverPid: Number(serverPid),
        socket,
        session,
      }
    })
    .sort((a, b) => a.panePid - b.panePid)

  const pidMap = join(env.HOME, '.claude', 'sessions')
  const project = join(env.HOME, '.claude', 'projects', workspace.replaceAll(/[^a-zA-Z0-9]/g, '-'))
  mkdirSync(pidMap, { recursive: true })
  mkdirSync(project, { recursive: true })
  listed.forEach((entry, i) => {
    const id = conversationId(i)
    const pid = entry.panePid
    const map = {
      pid,
      sessionId: id,
      cwd: workspace,
      startedAt: Date.now(),
      procStart: start(pid),
      version: '2.1.197',
      kind: 'interactive',
      status: 'idle',
    }
    writeFileSync(join(pidMap, `${pid}.json`), JSON.stringify(map))
    const lines = [
      { type: 'mode', mode: 'normal', sessionId: id },
      { type: 'user', isSidechain: false, message: { role: 'user', content: 'hi' }, cwd: workspace, sessionId: id },
    ]
    writeFileSync(join(project, `${id}.jsonl`), `${lines.map(line => JSON.stringify(line)).join('\n')}\n`)
  })

  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  const serverPid = listed[0]?.serverPid ?? 0
  const serverStart = start(serverPid)
  const rowText = (entry: Listed, i: number): string => `  - name: ${entry.session}
    status: running
    tmux_session_created_at: "${new Date(entry.created * 1000).toISOString().slice(0, 19)}Z"
    tmux_session_epoch: ${entry.created}
    tmux_server: default
    pane:
      index: 0
      pid: ${entry.panePid}
      cmd: claude
      cmd_full: ${join(root, 'bin', 'claude')} --session-id ${conversationId(i)}
      cwd: ${workspace}
      id: "${entry.paneId}"
    start_command: claude --session-id ${conversationId(i)} --permission-mode acceptEdits
    attach_command: tmux -L default attach-session -t =${entry.session}
    kill_command: tmux -L default kill-session -t =${entry.session}
    last_visible_status: idle, waiting for the next piece of work from the card
    tui:
      model: claude-opus-4-8
      provider: anthropic
      plan: (unknown)
      account: (unknown)
      version: 2.1.197
    claude_session_id_own: ${conversationId(i)}
    agent: claude
    role: creator
    tmux_session_id: ${entry.sessionId}
    tmux_server_pid: ${entry.serverPid}
    tmux_server_pid_start: "${serverStart}"
    tmux_socket_path: ${entry.socket}
    host: ${hostname()}
    boot_id: ${bootId}
`
  const registry = join(workspace, '.hermes', 'agent-sessions.yaml')
  return {
    root,
    workspace,
    env,
    registry,
    writeRegistry: rows => {
      const head = '# The agents of this workspace.\ntmux_sessions:\n'
      const body = listed.slice(0, rows).map(rowText).join('')
      writeFileSync(registry, rows === 0 ? 'tmux_sessions: []\n' : head + body, { mode: 0o600 })
    },
    remove,
  }
}
