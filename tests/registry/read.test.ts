import { describe, expect, it } from 'vitest'
import { readPlainRegistry, readRegistryBytes, refuseTooLarge } from '#lib/registry/read.ts'
import { rowsOf } from '#lib/registry/rows.ts'

const read = (text: string, backup?: string) => readRegistryBytes(Buffer.from(text), '/w/r.yaml', backup)
const row = '- name: a\n  status: running\n'

describe('a registry that can be read', () => {
  it.each([
    ['as PyYAML writes it', `tmux_sessions:\n${row}`, true],
    ['indented', `tmux_sessions:\n  - name: a\n    status: running\n`, true],
    ['with CRLF', `tmux_sessions:\n${row}`.replaceAll('\n', '\r\n'), true],
    ['with a BOM', `\ufefftmux_sessions:\n${row}`, true],
    ['with no line break at the end', `tmux_sessions:\n${row}`.trimEnd(), true],
    ['with a marker and comments', `# c\n--- # d\ntmux_sessions: # e\n${row}# f\n`, true],
    ['with letters beyond ASCII', `tmux_sessions:\n${row}  host: ä😀\n`, true],
    ['with a tab behind a value', `tmux_sessions:\n- name: a\t# c\n  status: running\n`, false],
    ['in flow style', 'tmux_sessions: [{name: a, status: running}]\n', false],
    ['with an alias', `x: &x running\ntmux_sessions:\n- name: a\n  status: *x\n`, false],
    [
      'with a merge key, as readers of YAML 1.1 do',
      `x: &x {status: running}\ntmux_sessions:\n- name: a\n  <<: *x\n`,
      false,
    ],
    ['with a block scalar', `tmux_sessions:\n${row}  note: |\n    a\n`, false],
  ])('%s', async (_, text, fast) => {
    const snapshot = await read(text)
    expect(rowsOf(snapshot.registry)).toMatchObject([{ name: 'a', status: 'running' }])
    expect(snapshot).toMatchObject({ text, fastRead: fast, path: '/w/r.yaml' })
    expect(readPlainRegistry(Buffer.from(text), '/w/r.yaml') !== undefined).toBe(fast)
  })

  it.each([
    ['empty', ''],
    ['a BOM alone', '\ufeff'],
    ['comments alone', '# c\n\n  # d\n'],
    ['a marker alone', '---\n'],
  ])('is empty when it is %s', async (_, text) => {
    expect((await read(text)).registry).toEqual({})
  })

  it('keeps what it does not know, and takes null for absent', async () => {
    const { registry } = await read(`own: {a: 1}\ntmux_sessions:\n${row}  mine: [1]\n  pane: null\n`)
    expect(registry).toEqual({
      own: { a: 1 },
      tmux_sessions: [{ name: 'a', status: 'running', mine: [1], pane: null }],
    })
  })
})

describe('a registry that cannot be used says where and what', () => {
  it.each([
    ['a tab as indentation', 'tmux_sessions:\n\t- name: a\n', '2:1: expected spaces as indentation, found a tab'],
    ['no map', '- a\n', '1:1: expected a map'],
    ['a text', 'x\n', '1:1: expected a map'],
    ['a half-written line', 'tmux_sessions:\n- name: a\n  stat', '3:3: '],
    ['an open quote', 'tmux_sessions:\n- name: "a\n', ': Missing closing "quote'],
    ['a second document', 'a: 1\n---\nb: 2\n', '2:1: expected one document'],
    ['a key twice', 'tmux_sessions: []\na: 1\na: 2\n', '3:1: expected each key once'],
    ['a number as a key', 'tmux_sessions: []\n1: a\n', '2:1: expected text as a key, found 1'],
    ['null as a key', 'a:\n  ~: b\n', '2:3: expected text as a key, found ~'],
    ['an unknown tag', 'a: !x 1\n', '1:4: Unresolved tag'],
    ['an alias without its anchor', 'a: 1\nb: *x\n', '2:4: Unresolved alias'],
    ['a merge of a text', 'a:\n  <<: b\n', 'Merge sources must be maps'],
    ['a list that is a text', 'tmux_sessions: x\n', '1:16: tmux_sessions: expected a list, found "x"'],
    ['a row that is a text', `tmux_sessions:\n${row}- b\n`, '4:3: row 2: expected a map, found "b"'],
    ['a row without a name', 'tmux_sessions:\n- status: running\n', '2:3: row 1, name: expected text, found none'],
    [
      'an empty name',
      'tmux_sessions:\n- name: ""\n  status: running\n',
      '2:9: row 1 (""), name: expected text that is not empty',
    ],
    [
      'a name that is a number',
      'tmux_sessions:\n- name: 7\n  status: running\n',
      '2:9: row 1, name: expected text, found 7',
    ],
    [
      'another status',
      'tmux_sessions:\n- name: a\n  status: asleep\n',
      '3:11: row 1 ("a"), status: expected running, stopped, terminated or archived, found "asleep"',
    ],
    [
      'no status',
      'tmux_sessions:\n- name: a\n',
      '2:3: row 1 ("a"), status: expected running, stopped, terminated or archived, found none',
    ],
    [
      'a pid that is a text',
      `tmux_sessions:\n${row}  pane:\n    pid: x\n`,
      '5:10: row 1 ("a"), pane.pid: expected a number, found "x"',
    ],
    [
      'a version that is a list',
      `tmux_sessions:\n${row}  tui:\n    version: []\n`,
      '5:14: row 1 ("a"), tui.version: expected text or a number, found a list',
    ],
    [
      'a date, in YAML 1.1',
      `%YAML 1.1\n---\ntmux_sessions:\n${row}  terminated_at: 2026-11-21T02:39:33Z\n`,
      '6:18: row 1 ("a"), terminated_at: expected text, found a date',
    ],
    [
      'half an op',
      `tmux_sessions:\n${row}  op: {kind: stop}\n`,
      '4:7: row 1 ("a"), op.pid: expected a number, found none',
    ],
    [
      'a row twice',
      `tmux_sessions:\n${row}- name: b\n  status: running\n${row}  tmux_server: default\n`,
      '6:3: row 3 ("a"): expected each name once per tmux server, found it on "default" as row 1 too',
    ],
    [
      'an identity that is a list',
      'agent_identities:\n  claude: []\n',
      '2:11: agent_identities.claude: expected a map, found a list',
    ],
    ['a lone carriage return', 'a: 1\rb: 2\n', '1:'],
  ])('%s', async (_, text, message) => {
    const error = await read(text, 'r.yaml.bak').catch((error: unknown) => error)
    expect(error).toMatchObject({ name: 'CodedError', code: 'registry-broken', exit: 2 })
    expect(error).toMatchObject({ message: expect.stringMatching(/^\/w\/r\.yaml:\d+:\d+: /) })
    expect(error).toMatchObject({ message: expect.stringContaining(message) })
    expect(error).toMatchObject({ hint: expect.stringMatching(/agent-sessions restore.*r\.yaml\.bak/) })
    expect(readPlainRegistry(Buffer.from(text), '/w/r.yaml')).toBeUndefined()
  })

  it('does not send to a backup that is not there', async () => {
    await expect(read('- a')).rejects.toMatchObject({ hint: expect.not.stringContaining('restore') })
  })

  it('names the byte that is no UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('a: 1\nb: é'), Buffer.from([0xff]), Buffer.from('\n')])
    await expect(readRegistryBytes(bytes, 'r.yaml')).rejects.toMatchObject({
      code: 'registry-broken',
      message: 'r.yaml:2:5: expected UTF-8, found bytes that are none',
    })
    const utf16 = Buffer.from('\ufeffa: 1\n', 'utf16le')
    await expect(readRegistryBytes(utf16, 'r.yaml')).rejects.toMatchObject({
      message: expect.stringContaining('r.yaml:1:1: '),
    })
  })

  it('refuses a file over 16 MB before it reads it', async () => {
    const bytes = Buffer.alloc(20 * 1024 * 1024, '# comment\n')
    const refusal = { code: 'registry-too-large', exit: 2, message: 'r.yaml: expected at most 16 MB, found 20 MB' }
    await expect(readRegistryBytes(bytes, 'r.yaml')).rejects.toMatchObject(refusal)
    expect(readPlainRegistry(bytes, 'r.yaml')).toBeUndefined()
    expect(() => refuseTooLarge(bytes.length, 'r.yaml')).toThrow(expect.objectContaining(refusal))
    expect(() => refuseTooLarge(16 * 1024 * 1024, 'r.yaml')).not.toThrow()
  })

  it('bounds aliases of aliases', async () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) =>
        `x${i}: &x${i} [${Array(9)
          .fill(i === 0 ? 'y' : `*x${i - 1}`)
          .join(', ')}]\n`,
    )
    await expect(read(levels.join(''))).rejects.toMatchObject({
      message: expect.stringContaining('Excessive alias count'),
    })
  })

  it('survives a text nested without end', async () => {
    await expect(read('['.repeat(200_000))).rejects.toMatchObject({ code: 'registry-broken' })
  })
})
