import { describe, expect, it } from 'vitest'
import { safeCommand } from '#lib/reconcile/safe-command.ts'

const CASES: [string, string[], string][] = [
  ['a bare program', ['claude'], 'claude'],
  ['switches and ids stay', ['claude', '--session-id', 'abc-1', '--verbose'], 'claude --session-id abc-1 --verbose'],
  ['a prompt is left out', ['claude', '--model', 'opus', 'my password is x'], 'claude --model opus …'],
  ['a prompt of one word is left out', ['claude', 'hunter2'], 'claude …'],
  ['values of unknown flags are left out', ['claude', '--settings', '{"token":"s"}'], 'claude --settings …'],
  ['so are values behind =', ['agent', '--api-key=secret'], 'agent --api-key=…'],
  ['a known value behind = stays', ['agent', '--model=opus'], 'agent --model=opus'],
  ['an id flag with a sentence keeps nothing of it', ['claude', '--resume', 'the one about $(x)'], 'claude --resume …'],
  ['an interpreter keeps its script', ['node', '/usr/bin/codex', 'do it'], 'node /usr/bin/codex …'],
  ['many left out are one mark', ['claude', 'a b', 'c d', 'e f'], 'claude …'],
]

describe('a command line that may stand in the registry', () => {
  it.each(CASES)('%s', (_title, argv, expected) => {
    expect(safeCommand(argv)).toBe(expected)
  })
})
