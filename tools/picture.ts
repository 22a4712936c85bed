/** Makes docs/status.svg: `agent-sessions status --watch` in a real pane of a private tmux server, with the stand-in agents
 * in several states. Touches neither your home folder nor your own tmux servers, and takes everything away at the end. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { installAgents } from '../tests/agents/install.ts'
import { svgOf } from './picture/svg.ts'

const [COLUMNS, LINES, MINUTE] = [120, 14, 60_000]
const bundle = dirname(dirname(fileURLToPath(import.meta.url)))
const program = join(bundle, 'bin', 'agent-sessions.cjs')
const root = realpathSync(mkdtempSync(join(tmpdir(), 'as-picture-')))
// Folders below HOME are shown with a `~`: no path of this machine gets into the picture.
const lab = join(root, 'home', 'lab')
const env: NodeJS.ProcessEnv = {
  PATH: `${join(root, 'bin')}:${process.env['PATH']}`,
  HOME: join(root, 'home'),
  TMUX_TMPDIR: join(root, 't'),
  AGENT_JOBS_MQTT_URL: 'off',
}

const tmux = (server: string, ...args: string[]) =>
  execFileSync('tmux', ['-u', '-L', server, ...args], { env, cwd: '/' }).toString()

function run(...args: string[]): void {
  const ran = spawnSync(process.execPath, [program, ...args], { env, cwd: lab, encoding: 'utf8' })
  if (ran.status !== 0) throw new Error(`${args.join(' ')}: exit ${ran.status}\n${ran.stderr}`)
}

/** @param behaves how its stand-in does from now on. */
function create(agent: string, folder: string, behaves: object, ...more: string[]): void {
  const workspace = join(lab, folder)
  mkdirSync(workspace, { recursive: true })
  const control = join(root, `${agent}-${folder}.json`)
  writeFileSync(control, JSON.stringify(behaves))
  run('create', '--agent', agent, '--workspace', workspace, '--env', `STANDIN_CONTROL=${control}`, ...more)
}

/** What the pane shows once all of it is there. */
async function screenWith(...wanted: RegExp[]): Promise<string> {
  for (const deadline = Date.now() + MINUTE; ; await sleep(200)) {
    const screen = tmux('picture', 'capture-pane', '-e', '-p', '-t', '=picture:')
    const missing = wanted.filter(pattern => !pattern.test(screen))
    if (missing.length === 0) return screen
    if (Date.now() > deadline) throw new Error(`nothing like ${missing.join(', ')} in\n${screen}`)
  }
}

function cleanUp(): void {
  for (const server of ['picture', 'default']) spawnSync('tmux', ['-L', server, 'kill-server'], { env })
  rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
}
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    cleanUp()
    process.exit(130)
  })

try {
  for (const folder of [join(lab, '.hermes'), join(root, 't')]) mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(join(lab, '.hermes', 'agent-sessions.yaml'), 'tmux_sessions: []\n')
  installAgents(join(root, 'bin'))
  create('claude', 'api', { turnMs: 10 * MINUTE }, '--submit-job', 'Mend the failing test')
  create('codex', 'api', { permission: true }, '--prompt', 'Look for mistakes; change nothing')
  create('gemini', 'site', { turnMs: 10 * MINUTE }, '--prompt', 'Read the code and say what it does')
  create('claude', 'site', {}, '--prompt', 'Say what is missing in the README')
  create('opencode', 'site', {}, '--prompt', 'Write the release notes')
  create('agy', 'docs', {}, '--prompt', 'Check the links')
  run('stop', 'docs-creator-agy')
  // Conversation ids that came since go on record; what is gone after that is drift.
  run('reconcile')
  tmux('default', 'kill-session', '-t', '=site-creator-opencode')
  const size = ['-x', String(COLUMNS), '-y', String(LINES)]
  const words = [process.execPath, program, 'status', '--watch', '--interval', '1']
  tmux('picture', 'new-session', '-d', '-s', 'picture', ...size, '-c', lab, '--', ...words)
  const screen = await screenWith(/working/, /idle/, /waiting/, /A:gone/, /delivered \w{8}/, /1 ended/)
  if (screen.includes(root)) throw new Error(`a path of this machine is in it:\n${screen}`)
  writeFileSync(join(bundle, 'docs', 'status.svg'), svgOf(screen, COLUMNS, 'agent-sessions status --watch'))
  process.stdout.write(`${screen.trimEnd()}\ndocs/status.svg is made of that\n`)
} finally {
  cleanUp()
}
