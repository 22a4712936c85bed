/** Every way in that the texts name: the bins, the scripts of the skills, the demo. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { VERSION } from '#lib/version.ts'

const run = promisify(execFile)
const bundle = resolve(import.meta.dirname, '../..')
const made: string[] = []

afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** A folder that is not the bundle, with an empty registry and no tmux server. */
function elsewhere() {
  const root = mkdtempSync('/tmp/as-doors-')
  made.push(root)
  for (const folder of ['.hermes', 'home', 'tmux']) mkdirSync(join(root, folder), { mode: 0o700 })
  writeFileSync(join(root, '.hermes', 'agent-sessions.yaml'), 'tmux_sessions: []\n')
  const env = { PATH: process.env['PATH'] ?? '', HOME: join(root, 'home'), TMUX_TMPDIR: join(root, 'tmux') }
  return { cwd: root, env, timeout: 20_000 }
}

const DOORS: [string, string, string[]][] = [
  ['bin/reconcile.cjs', 'node', ['bin/reconcile.cjs']],
  ['bin/agent-sessions.cjs', 'node', ['bin/agent-sessions.cjs', 'reconcile']],
  ['the script of the skill monitor', 'node_modules/.bin/tsx', ['skills/monitor/scripts/reconcile.ts']],
]

describe('from any folder', () => {
  it.each(DOORS)('%s makes a pass', async (_title, program, [script = '', ...args]) => {
    const path = program === 'node' ? process.execPath : join(bundle, program)
    const { stdout } = await run(path, [join(bundle, script), ...args, '--emit-diff', '--dry-run'], elsewhere())
    expect(JSON.parse(stdout)).toMatchObject({ schema: 1, drifts: [], servers: [{ name: 'default', state: 'absent' }] })
  })

  it('the script of the skill status shows the table', async () => {
    const script = join(bundle, 'skills/status/scripts/status.ts')
    const { stdout } = await run(join(bundle, 'node_modules/.bin/tsx'), [script], elsewhere())
    expect(stdout).toMatch(/^no sessions in .*agent-sessions\.yaml\n`agent-sessions create` starts one, /m)
  })

  it.each(['create', 'resume', 'stop', 'delegate-job'])(
    'the script of the skill %s says how it is used',
    async skill => {
      const script = join(bundle, `skills/${skill}/scripts/${skill}.ts`)
      const { stdout } = await run(join(bundle, 'node_modules/.bin/tsx'), [script, '--help'], elsewhere())
      expect(stdout).toMatch(new RegExp(`^${skill} - `))
    },
  )

  it('AGENT_SESSIONS_DEV runs the sources', async () => {
    const at = elsewhere()
    const env = { ...at.env, AGENT_SESSIONS_DEV: '1' }
    const { stdout } = await run(process.execPath, [join(bundle, 'bin/agent-sessions.cjs'), '--version'], {
      ...at,
      env,
    })
    expect(stdout.trim()).toBe(VERSION)
  })
})

describe('what is written down', () => {
  it('has one version', () => {
    expect(JSON.parse(readFileSync(join(bundle, 'package.json'), 'utf8')).version).toBe(VERSION)
  })

  it.each([
    'create',
    'resume',
    'stop',
    'attach',
    'delegate-job',
    'reconcile',
    'status',
    'restore',
    'prune',
    'monitor-card',
    'doctor',
    'completion',
    'install',
  ])('%s --help has examples and exit codes', async command => {
    const { stdout } = await run(
      process.execPath,
      [join(bundle, 'bin/agent-sessions.cjs'), command, '--help'],
      elsewhere(),
    )
    expect(stdout).toContain('examples:')
    expect(stdout).toContain('exit codes:')
  })

  it.each(['submit', 'emit', 'wait', 'list', 'show', 'cancel', 'retry', 'clean', 'broker'])(
    'delegate-job %s --help tells of that word alone',
    async word => {
      const bin = join(bundle, 'bin/agent-sessions.cjs')
      const { stdout } = await run(process.execPath, [bin, 'delegate-job', word, '--help'], elsewhere())
      expect(stdout).toMatch(new RegExp(`^delegate-job ${word} - .*\n\nusage: delegate-job ${word} `))
      expect(stdout).toContain('examples:')
      expect(stdout).toContain('exit codes:')
    },
  )
})

describe('the demo', () => {
  it('shows each class once, on a tmux server of its own', async () => {
    const { cwd, env } = elsewhere()
    const own = join(cwd, 'own')
    mkdirSync(own)
    // What a user has set stays untouched, too.
    const users = { CLAUDE_CONFIG_DIR: own, AGENT_SESSIONS_STATE_DIR: own, TMUX_SERVER_NAME: 'mine', MQTT_HOST: 'mine' }
    const { stdout } = await run(join(bundle, 'node_modules/.bin/tsx'), [join(bundle, 'tools/demo.ts')], {
      cwd,
      env: { ...env, ...users },
      timeout: 80_000,
    })
    expect([own, env.HOME, env.TMUX_TMPDIR].flatMap(folder => readdirSync(folder))).toEqual([])
    expect(stdout).not.toContain('mine')
    for (const line of [
      /^A gone +lab-4-creator-claude: tmux gone .* \[terminated\]$/m,
      /^B found +lab-3-creator-claude: .* \[registered\]$/m,
      /^C id +lab-2-creator-claude: .* \[updated session id\]$/m,
      /^D artifact-gone lab-5-creator-claude: .* \[reported only\]$/m,
      /^1 drift · 0 changes made · 4 sessions alive \(default alive\)$/m,
      /^prompt +delivered: /m,
      /^my-review +stopped \(kill-session\); `agent-sessions resume my-review` brings conversation \S+ back$/m,
      /^my-review +resumed in conversation \S+ \(idle\)$/m,
      /^ {2}monitor \| .* completed .*; terminated: my-review$/m,
      /closed: my-review/m,
    ])
      expect(stdout).toMatch(line)
  }, 90_000)
})
