/** What a shell is told, and what the shells make of it. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { COMMANDS } from '#lib/commands/commands.ts'
import { writeJob } from '../harness/jobs.ts'
import { bare } from '../harness/live-create.ts'
import { ended, writeRegistry } from '../harness/rows.ts'
import { makeWorld, type World } from '../harness/world.ts'

const BIN = resolve(process.env['AGENT_SESSIONS_TEST_ROOT'] ?? '.', 'bin/agent-sessions.cjs')

/** A row whose session nobody looks for. */
const row = (name: string, status: string) => ({ name, status, tmux_session_epoch: 1, tmux_server: 'default' })

async function suggest(world: World, ...words: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await bare(world, ['completion', 'suggest', '--', ...words])
  expect([code, stderr]).toEqual([0, ''])
  return stdout.split('\n').filter(Boolean)
}

/** A registry with a running and an ended row, an open and an ended job. */
function office() {
  const world = makeWorld()
  writeRegistry(world, [
    row('lab-creator-claude', 'running'),
    ended(row("a 'b' $c", 'stopped'), 'stopped', 1_760_000_000),
  ])
  const open = writeJob(world, 'lab-creator-claude')
  const over = writeJob(world, 'lab-creator-claude', {
    state: 'completed',
    ended_at: '2026-01-01T00:00:00Z',
    ended_at_epoch: 1_767_225_600,
  })
  return { world, open: open.id, over: over.id }
}

const WORDS = ['submit', 'emit', 'wait', 'list', 'show', 'cancel', 'retry', 'clean', 'broker']
const OWN_FLAGS = [
  ...Object.keys(COMMANDS)
    .filter(name => name !== 'completion' && name !== 'delegate-job')
    .map(name => [name]),
  ...WORDS.map(word => ['delegate-job', word]),
]

describe('the words that fit', () => {
  test('are commands first', async () => {
    const world = makeWorld()
    expect(await suggest(world, '')).toEqual(expect.arrayContaining(['create', 'status', 'doctor', 'completion']))
    expect(await suggest(world, 'st')).toEqual(['stop', 'status'])
    expect(await suggest(world, '--')).toEqual(['--help', '--version'])
  })

  test('are the flags of the command, or of its word', async () => {
    const world = makeWorld()
    expect(await suggest(world, 'status', '--in')).toEqual(['--interval'])
    expect(await suggest(world, 'status', '--h')).toEqual(['--help'])
    expect(await suggest(world, 'delegate-job', 'wait', '--a')).toEqual(['--any'])
    expect(await suggest(world, 'create', '--agent', 'c')).toEqual(['claude', 'codex'])
  })

  test.each(OWN_FLAGS)('are every flag of `%s`, and none that it refuses', async (...words) => {
    const world = makeWorld()
    const refusal = await bare(world, [...words, '--no-such-flag'])
    const takes = [...(/expected one of (.*)/.exec(refusal.stderr)?.[1] ?? '').matchAll(/--[a-z-]+/g)].map(String)
    expect(takes).toContain('--help')
    const offered = await suggest(world, ...words, '--')
    expect(offered.filter(flag => !takes.includes(flag))).toEqual([])
    // What every command takes need not stand in each help; the hook is for no person.
    const common = ['--help', '--version', '--registry', '--server', '--claude-hook']
    expect(takes.filter(flag => !offered.includes(flag) && !common.includes(flag))).toEqual([])
  })

  test('are sessions that the command takes', async () => {
    const { world } = office()
    expect(await suggest(world, 'stop', '')).toEqual(['lab-creator-claude'])
    expect(await suggest(world, 'resume', '')).toEqual(["a 'b' $c"])
    expect(await suggest(world, 'status', '')).toEqual(['lab-creator-claude', "a 'b' $c"])
    expect(await suggest(world, 'delegate-job', 'submit', 'lab')).toEqual(['lab-creator-claude'])
  })

  test('are jobs, open ones where only those are taken', async () => {
    const { world, open, over } = office()
    const late = writeJob(world, 'lab-creator-claude', { expires_at_epoch: 1_767_225_600 }).id
    expect(await suggest(world, 'delegate-job', 'wait', '')).toEqual([open])
    expect((await suggest(world, 'delegate-job', 'show', '')).sort()).toEqual([open, over, late].sort())
    expect(await suggest(world, 'delegate-job', 'emit', open, 'c')).toEqual(['completed'])
    expect(await suggest(world, 'delegate-job', 'w')).toEqual(['wait'])
  })

  test.each([
    ['no such command', ['frob', '']],
    ['a file', ['create', '--prompt-file', '']],
    ['a free text', ['stop', 'x', '--reason', '']],
    ['one of two words', ['stop', '--mode', '']],
    ['a number', ['resume', '--concurrency', '']],
    ['one that is no property of ours', ['constructor', '']],
  ])('are none for %s', async (_what, words) => {
    expect(await suggest(office().world, ...words)).toEqual([])
  })

  test('are none where the registry is broken, and nothing is said of it', async () => {
    const world = makeWorld()
    writeRegistry(world, [])
    writeFileSync(world.registry, 'tmux_sessions: [\n')
    expect(await suggest(world, 'stop', '')).toEqual([])
  })
})

/** A PATH on which `agent-sessions` is this checkout's. */
function shellWorld() {
  const made = office()
  const bin = join(made.world.root, 'own-bin')
  mkdirSync(bin)
  symlinkSync(BIN, join(bin, 'agent-sessions'))
  made.world.env['PATH'] = `${bin}:${made.world.env['PATH']}`
  return made.world
}

const has = (shell: string) => spawnSync(shell, ['-c', 'true']).status === 0

describe('the shells', () => {
  test('bash offers them, fit to stand in a command line', () => {
    const world = shellWorld()
    const script = `eval "$(agent-sessions completion bash)"
      COMP_WORDS=(agent-sessions resume ""); COMP_CWORD=2; _agent_sessions
      printf '%s\\n' "\${COMPREPLY[@]}"
      eval "set -- \${COMPREPLY[0]}"; printf '%s\\n' "$1"`
    const out = execFileSync('bash', ['-c', script], { cwd: world.workspace, env: world.env, encoding: 'utf8' })
    expect(out).toBe("a\\ \\'b\\'\\ \\$c\na 'b' $c\n")
  })

  test.runIf(has('zsh'))('zsh takes its script', () => {
    const world = shellWorld()
    const script = `autoload -Uz compinit && compinit -u -d "$HOME/.zcompdump"; eval "$(agent-sessions completion zsh)"
      whence -w _agent_sessions; print -r -- $_comps[agent-sessions]`
    const out = execFileSync('zsh', ['-fc', script], { cwd: world.workspace, env: world.env, encoding: 'utf8' })
    expect(out).toBe('_agent_sessions: function\n_agent_sessions\n')
  })

  test.runIf(has('fish'))('fish offers them', () => {
    const world = shellWorld()
    const script = `agent-sessions completion fish | source; complete -C 'agent-sessions resume '`
    const out = execFileSync('fish', ['--no-config', '-c', script], {
      cwd: world.workspace,
      env: world.env,
      encoding: 'utf8',
    })
    expect(out).toContain("a 'b' $c")
  })

  test('another shell is a mistake that names those there are', async () => {
    const { code, stderr } = await bare(makeWorld(), ['completion', 'tcsh'])
    expect([code, stderr]).toEqual([2, expect.stringContaining('bash, zsh, fish')])
  })
})

if (!has('zsh')) console.info('no zsh here: its script is not tried')
if (!has('fish')) console.info('no fish here: its script is not tried')
