import { describe, expect, it } from 'vitest'
import { flagValue, hasFlag } from '#lib/agents/arguments.ts'
import { adapterOfProcess } from '#lib/agents/table.ts'

const who = (comm: string, argv: string[]) =>
  adapterOfProcess({ process: { pid: 1, ppid: 0, start: '1', comm }, argv })?.name

const CASES: [string, string[], string | undefined][] = [
  ['claude', ['claude'], 'claude'],
  ['claude', ['/home/u/.local/bin/claude', '--resume', 'x'], 'claude'],
  ['2.1.329', ['/home/u/.local/share/claude/versions/2.1.329'], 'claude'],
  ['claude', ['/home/u/.local/share/claude/versions/2.1.329', '--model', 'x'], 'claude'],
  ['claude', [], 'claude'],
  ['claude', ['-claude'], 'claude'],
  ['node', ['node', '/usr/bin/claude'], 'claude'],
  ['node', ['node', '/usr/lib/node_modules/@anthropic-ai/claude-code/cli.js'], 'claude'],
  ['MainThread', ['node', '--no-warnings', '-r', './hook.js', '/usr/bin/claude'], 'claude'],
  ['node', ['node', '--max-old-space-size=8192', '/usr/bin/gemini', '-i', 'hi'], 'gemini'],
  ['gemini', ['gemini'], 'gemini'],
  ['bun', ['bun', 'run', '/opt/opencode'], 'opencode'],
  ['.opencode', ['/x/node_modules/opencode-linux-x64/bin/.opencode'], 'opencode'],
  ['node', ['node', '/usr/lib/node_modules/@openai/codex/bin/codex.js', 'resume'], 'codex'],
  ['codex', ['/x/@openai/codex-linux-x64/vendor/codex/codex', '--no-daemon'], 'codex'],
  ['codex-x86_64-un', ['/x/codex-x86_64-unknown-linux-musl'], 'codex'],
  ['agy', ['agy', '--conversation', 'x'], 'agy'],

  ['bash', ['bash', '-c', 'claude; echo'], undefined],
  ['claude', ['/bin/bash', '/home/u/bin/claude'], undefined],
  ['vim', ['vim', 'claude'], undefined],
  ['nvim', ['nvim', '/x/claude'], undefined],
  ['tail', ['tail', '-f', 'claude.log'], undefined],
  ['grep', ['grep', 'claude', 'codex'], undefined],
  ['ssh', ['ssh', 'host', 'claude'], undefined],
  ['less', ['less', 'claude'], undefined],
  ['sudo', ['sudo', 'claude'], undefined],
  ['node', ['node', 'server.js', 'claude'], undefined],
  ['node', ['node', '-e', 'claude'], undefined],
  ['node', ['node', '/home/u/claude/index.js'], undefined],
  ['node', ['node'], undefined],
  ['python3', ['python3', '-m', 'claude'], undefined],
  ['npm exec gemini', ['npm exec gemini'], undefined],
  ['codex', ['codex', 'app-server'], undefined],
  ['codex', ['codex', 'mcp-server'], undefined],
  ['opencode', ['opencode', 'serve', '--port', '1'], undefined],
  ['claude', ['claude', 'mcp', 'serve'], undefined],
  ['claude-mem', ['claude-mem'], undefined],
  ['claudette', ['/usr/bin/claudette'], undefined],
  ['', [''], undefined],
]

describe('a process is the agent by what it shows', () => {
  it.each(CASES)('comm %j, arguments %j: %s', (comm, argv, name) => {
    expect(who(comm, argv)).toBe(name)
  })
})

describe('a flag among arguments', () => {
  it.each([
    [['x', '--resume', 'a'], 'a'],
    [['x', '--resume=a'], 'a'],
    [['x', '-r', 'a', '--resume', 'b'], 'b'],
    [['x', '--', '--resume', 'a'], undefined],
    [['x', '--resumed', 'a'], undefined],
    [['--resume', 'a'], undefined],
    [['x', '--resume'], undefined],
    [['x', 'say --resume a'], undefined],
    [[], undefined],
  ] as [string[], string | undefined][])('%j gives %s', (argv, value) => {
    expect(flagValue(argv, ['--resume', '-r'])).toBe(value)
  })

  it('without a value is seen too, not behind --', () => {
    expect(hasFlag(['x', '--fork-session'], '--fork-session')).toBe(true)
    expect(hasFlag(['x', '--', '--fork-session'], '--fork-session')).toBe(false)
  })
})
