import { describe, expect, it } from 'vitest'
import type { Change } from '#lib/registry/change.ts'
import { applyChanges } from '#lib/registry/edit.ts'
import { readRegistryText } from '#lib/registry/read.ts'

async function edit(text: string, ...changes: Change[]) {
  return applyChanges(await readRegistryText(text, 'r.yaml'), changes)
}

const set = (values: Extract<Change, { kind: 'set' }>['set'], unset: string[] = []): Change => ({
  kind: 'set',
  server: 'default',
  name: 'a',
  set: values,
  unset,
})

const rows = (...lines: string[]) => `tmux_sessions:\n${lines.map(line => `${line}\n`).join('')}`
/** The row under test, a neighbour, and comments: what stands around a change must stay. */
const around = (...lines: string[]) =>
  `# head\n${rows('- name: z # z', '  status: running', '', '# of a', ...lines, '# of y', '- name: y', '  status:   stopped  # y')}agent_identities: {} # end\n`

describe('a change of one value', () => {
  const cases: [string, string[], Change, string[]][] = [
    [
      'a scalar',
      ['- name: a', '  status: running'],
      set({ status: 'terminated' }),
      ['- name: a', '  status: terminated'],
    ],
    [
      'keeps the comment behind it',
      ['- name: a', '  status: running   # why'],
      set({ status: 'terminated' }),
      ['- name: a', '  status: terminated   # why'],
    ],
    [
      'keeps the quotes that stood there',
      ['- name: a', '  status: "running"', "  role: 'x'"],
      set({ status: 'stopped', role: "it's" }),
      ['- name: a', '  status: "stopped"', "  role: 'it''s'"],
    ],
    [
      'an empty value',
      ['- name: a', '  status: running', '  host:  # none'],
      set({ host: 'h' }),
      ['- name: a', '  status: running', '  host: h  # none'],
    ],
    [
      'null for a value',
      ['- name: a', '  status: running', '  host: h'],
      set({ host: null }),
      ['- name: a', '  status: running', '  host: null'],
    ],
    [
      'a folded scalar',
      ['- name: a', '  start_command: one', '    two', '    three # c', '  status: running'],
      set({ start_command: 'one' }),
      ['- name: a', '  start_command: one # c', '  status: running'],
    ],
    [
      'a folded quoted scalar',
      ['- name: a', '  start_command: "one', '    two"', '  status: running'],
      set({ start_command: 'x' }),
      ['- name: a', '  start_command: "x"', '  status: running'],
    ],
    [
      'a block scalar, whose comment stays',
      ['- name: a', '  start_command: |- # c', '    one', '', '    two', '  status: running'],
      set({ start_command: 'x' }),
      ['- name: a', '  start_command: x # c', '  status: running'],
    ],
    [
      'a block scalar at the end of the row',
      ['- name: a', '  status: running', '  note: >', '    one', '    two'],
      set({ note: 'x' }),
      ['- name: a', '  status: running', '  note: x'],
    ],
    [
      'a text of several lines, on one',
      ['- name: a', '  status: running', '  note: x'],
      set({ note: 'one\ntwo' }),
      ['- name: a', '  status: running', '  note: "one\\ntwo"'],
    ],
    [
      'one key of a map, and the others stay',
      ['- name: a', '  pane: # p', '    pid: 1', '    # why', '    cmd: x # c', '  status: running'],
      set({ pane: { pid: 7 } }),
      ['- name: a', '  pane: # p', '    pid: 7', '    # why', '    cmd: x # c', '  status: running'],
    ],
    [
      'a new key of a map',
      ['- name: a', '  tui:', '    model: x # c', '  status: running'],
      set({ tui: { plan: 'max' } }),
      ['- name: a', '  tui:', '    model: x # c', '    plan: max', '  status: running'],
    ],
    [
      'a map in place of a scalar, whose comment stays',
      ['- name: a', '  pane: null # c', '  status: running'],
      set({ pane: { pid: 1, cmd: 'x' } }),
      ['- name: a', '  pane: # c', '    pid: 1', '    cmd: x', '  status: running'],
    ],
    [
      'a map in place of nothing',
      ['- name: a', '  op:', '  status: running'],
      set({ op: { kind: 'stop', pid: 1, pid_start: '1', at: 5 } }),
      ['- name: a', '  op:', '    kind: stop', '    pid: 1', "    pid_start: '1'", '    at: 5', '  status: running'],
    ],
    [
      'null in place of a map',
      [
        '- name: a',
        '  op: # c',
        '    kind: stop',
        '    pid: 1',
        "    pid_start: '1'",
        '    at: 5',
        '  status: running',
      ],
      set({ op: null }),
      ['- name: a', '  op: null # c', '  status: running'],
    ],
    [
      'a list in place of an empty one',
      ['- name: a', '  previous_session_ids: []', '  status: running'],
      set({ previous_session_ids: ['x', '017'] }),
      ['- name: a', '  previous_session_ids:', '  - x', "  - '017'", '  status: running'],
    ],
    [
      'a longer list',
      ['- name: a', '  previous_session_ids:', '  - x', '  status: running'],
      set({ previous_session_ids: ['x', 'w'] }),
      ['- name: a', '  previous_session_ids:', '  - x', '  - w', '  status: running'],
    ],
    [
      'an empty list in place of one',
      ['- name: a', '  previous_session_ids:', '  - x', '  status: running'],
      set({ previous_session_ids: [] }),
      ['- name: a', '  previous_session_ids: []', '  status: running'],
    ],
    [
      'a list of maps',
      ['- name: a', '  status: running'],
      set({ mcp_attachments: [{ name: 'm', args: ['x'] }, 'w', []] }),
      [
        '- name: a',
        '  status: running',
        '  mcp_attachments:',
        '  - name: m',
        '    args:',
        '    - x',
        '  - w',
        '  - []',
      ],
    ],
    [
      'new keys, behind the last',
      ['- name: a', '  status: running # c'],
      set({ host: 'h', agent: 'claude' }),
      ['- name: a', '  status: running # c', '  host: h', '  agent: claude'],
    ],
    [
      'new keys, behind a map at the end',
      ['- name: a', '  status: running', '  pane:', '    pid: 1'],
      set({ host: 'h' }),
      ['- name: a', '  status: running', '  pane:', '    pid: 1', '  host: h'],
    ],
    [
      'a key that goes',
      ['- name: a', '  host: h # c', '  # d', '  status: running'],
      set({}, ['host']),
      ['- name: a', '  # d', '  status: running'],
    ],
    [
      'a map that goes',
      ['- name: a', '  pane:', '    pid: 1', '  status: running'],
      set({}, ['pane']),
      ['- name: a', '  status: running'],
    ],
    [
      'the first key that goes',
      ['- host: h', '  name: a', '  status: running'],
      set({}, ['host']),
      ['- name: a', '  status: running'],
    ],
    [
      'the first two that go',
      ['- host: h', '  role: r', '  name: a', '  status: running'],
      set({}, ['host', 'role']),
      ['- name: a', '  status: running'],
    ],
    [
      'the first that goes from above a comment',
      ['- host: h', '# left', '  name: a', '  status: running'],
      set({}, ['host']),
      ['-', '# left', '  name: a', '  status: running'],
    ],
    [
      'all at once',
      ['- host: h', '  name: a', '  status: running', '  pane: {}'],
      set({ pane: { pid: 1 }, agent: 'x', status: 'stopped' }, ['host']),
      ['- name: a', '  status: stopped', '  pane:', '    pid: 1', '  agent: x'],
    ],
    [
      'a row in flow style',
      ['- {name: a, status: running, pane: {pid: 1}} # c'],
      set({ status: 'stopped', pane: { pid: 2, cmd: 'x: y' }, host: 'h' }),
      ['- {name: a, status: stopped, pane: {pid: 2, cmd: "x: y"}, host: h} # c'],
    ],
    [
      'keys that go from a row in flow style',
      ['- {host: h, name: a, status: running, role: r}'],
      set({}, ['host', 'role']),
      ['- {name: a, status: running}'],
    ],
    [
      'a row whose dash stands alone',
      ['-', '  name: a', '  status: running'],
      set({ status: 'stopped' }),
      ['-', '  name: a', '  status: stopped'],
    ],
  ]
  it.each(cases)('%s', async (_, before, change, after) => {
    const { text, refused } = await edit(around(...before), change)
    expect(refused).toEqual([])
    expect(text).toBe(around(...after))
  })

  it.each(cases)('with CRLF: %s', async (_, before, change, after) => {
    const { text } = await edit(around(...before).replaceAll('\n', '\r\n'), change)
    expect(text).toBe(around(...after).replaceAll('\n', '\r\n'))
  })

  it.each(cases)('where only yaml can read the rest of the file: %s', async (_, before, change, after) => {
    const rest = 'x: &x 1\ny: *x\n'
    const { text } = await edit(around(...before) + rest, change)
    expect(text).toBe(around(...after) + rest)
  })

  it('leaves a text alone that says the same already', async () => {
    const text = around('- name: a', '  status:   running', '  pane: {pid: 1}')
    expect(await edit(text, set({ status: 'running', pane: { pid: 1 } }, ['host']))).toEqual({ text, refused: [] })
  })

  it('keeps a BOM and a missing line break at the end', async () => {
    const { text } = await edit('\ufefftmux_sessions:\n- name: a\n  status: running', set({ host: 'h' }))
    expect(text).toBe('\ufefftmux_sessions:\n- name: a\n  status: running\n  host: h')
  })

  it('writes into rows that are indented as yaml writes them', async () => {
    const text = 'tmux_sessions:\n  - name: a\n    status: running\n'
    const changed = await edit(text, set({ previous_session_ids: ['x'], pane: { pid: 1 } }))
    expect(changed.text).toBe(`${text}    previous_session_ids:\n      - x\n    pane:\n      pid: 1\n`)
  })

  it('changes a row of a flow list', async () => {
    const text = '{"tmux_sessions": [{"name": "a", "status": "running"}, {"name": "b", "status": "running"}]}\n'
    const { text: changed } = await edit(text, set({ status: 'stopped', host: 'h' }), {
      kind: 'remove',
      server: 'default',
      name: 'b',
    })
    expect(changed).toBe('{"tmux_sessions": [{"name": "a", "status": "stopped", host: h}]}\n')
  })

  it('changes a row several times', async () => {
    const { text } = await edit(
      rows('- name: a', '  status: running'),
      set({ host: 'h' }),
      set({ host: 'i' }),
      set({}, ['host']),
      set({ role: 'r' }),
    )
    expect(text).toBe(rows('- name: a', '  status: running', '  role: r'))
  })
})

describe('rows that come and go', () => {
  const row = { name: 'new', status: 'running' as const, tmux_server: undefined, pane: { pid: 1 } }
  const lines = ['- name: new', '  status: running', '  pane:', '    pid: 1']
  const add: Change = { kind: 'add', row }
  const remove = (name: string): Change => ({ kind: 'remove', server: 'default', name })

  it.each([
    ['no file content', '', rows(...lines)],
    ['comments alone', '# c\n', `# c\n${rows(...lines)}`],
    ['no list', 'x: 1 # c\n# d\n', `x: 1 # c\n${rows(...lines)}# d\n`],
    ['a list that is null', 'tmux_sessions: # c\nx: 1\n', `${rows(...lines).replace(':', ': # c')}x: 1\n`],
    ['a list that says null', 'tmux_sessions: null\nx: 1\n', `${rows(...lines)}x: 1\n`],
    [
      'an empty list',
      'x: 1\ntmux_sessions: [] # c',
      `x: 1\n${rows(...lines)
        .replace(':', ': # c')
        .trimEnd()}`,
    ],
    ['a marker', '---\n', `---\n${rows(...lines)}`],
    ['{}', '{}\n', '{tmux_sessions: [{name: new, status: running, pane: {pid: 1}}]}\n'],
    [
      'rows',
      around('- name: a', '  status: running'),
      around('- name: a', '  status: running').replace('agent', `${lines.join('\n')}\nagent`),
    ],
    [
      'rows indented',
      'tmux_sessions:\n  - name: a\n    status: running\nx: 1\n',
      `tmux_sessions:\n  - name: a\n    status: running\n${lines.map(line => `  ${line}\n`).join('')}x: 1\n`,
    ],
    ['a row in flow style', rows('- {name: a, status: running}'), rows('- {name: a, status: running}', ...lines)],
    [
      'a flow list',
      'tmux_sessions: [{name: a, status: running}]\n',
      'tmux_sessions: [{name: a, status: running}, {name: new, status: running, pane: {pid: 1}}]\n',
    ],
    [
      'CRLF',
      'tmux_sessions:\r\n- name: a\r\n  status: running\r\n',
      `tmux_sessions:\r\n- name: a\r\n  status: running\r\n${lines.join('\r\n')}\r\n`,
    ],
    [
      'no line break at the end',
      rows('- name: a', '  status: running').trimEnd(),
      rows('- name: a', '  status: running', ...lines).trimEnd(),
    ],
  ])('adds to %s', async (_, before, after) => {
    expect((await edit(before, add)).text).toBe(after)
  })

  it('puts a new row behind the comments that are the last one’s own, and before those that are not', async () => {
    const { text } = await edit(rows('- name: a', '  status: running', '  # host: h', '# else', '', '  # more'), add)
    expect(text).toBe(rows('- name: a', '  status: running', '  # host: h', ...lines, '# else', '', '  # more'))
  })

  it.each([
    [
      'the first',
      ['- name: a', '  status: running', '  # own', '# of b', '- name: b', '  status: running'],
      'a',
      ['# of b', '- name: b', '  status: running'],
    ],
    [
      'the last',
      ['- name: b', '  status: running', '', '- name: a', '  status: running', '# end'],
      'a',
      ['- name: b', '  status: running', '', '# end'],
    ],
    [
      'one in flow style',
      ['- {name: a, status: running}', '- {name: b, status: running}'],
      'a',
      ['- {name: b, status: running}'],
    ],
  ])('takes out %s', async (_, before, name, after) => {
    expect((await edit(rows(...before), remove(name))).text).toBe(rows(...after))
  })

  it('leaves an empty list behind the only row, and its comments', async () => {
    const { text } = await edit(`${rows('# a', '- name: a', '  status: running')}x: 1\n`, remove('a'))
    expect(text).toBe('tmux_sessions: []\n# a\nx: 1\n')
  })

  it.each([
    ['a', '[{name: b, status: running}, {name: c, status: running}]'],
    ['b', '[{name: a, status: running}, {name: c, status: running}]'],
    ['c', '[{name: a, status: running}, {name: b, status: running}]'],
    ['a b', '[{name: c, status: running}]'],
    ['b c', '[{name: a, status: running}]'],
    ['a b c', '[]'],
  ])('takes %s out of a flow list', async (names, after) => {
    const list = '[{name: a, status: running}, {name: b, status: running}, {name: c, status: running}]'
    const { text } = await edit(`tmux_sessions: ${list}\n`, ...names.split(' ').map(remove))
    expect(text).toBe(`tmux_sessions: ${after}\n`)
  })

  it('puts a row in the place of one that goes', async () => {
    const { text } = await edit(`${rows('- name: new', '  status: stopped')}x: 1\n`, remove('new'), add)
    expect(text).toBe(`${rows(...lines)}x: 1\n`)
  })
})

describe('what cannot be changed', () => {
  it.each([
    ['an anchor on the row', ['- &r', '  name: a', '  status: running']],
    ['an anchor inside', ['- name: a', '  status: running', '  host: &h x']],
    ['an alias', ['- name: a', '  status: running', '  host: *x']],
    ['a merge key', ['- <<: *m', '  name: a', '  status: running']],
  ])('%s: the row is refused, the others are changed', async (_, before) => {
    const text = `x: &x h\nm: &m {role: r}\n${rows(...before, '- name: b', '  status: running')}`
    const { text: changed, refused } = await edit(text, set({ status: 'stopped' }), {
      ...set({ status: 'stopped' }),
      name: 'b',
    } as Change)
    expect(refused).toEqual([
      { server: 'default', name: 'a', reason: expect.stringContaining('anchor, alias or merge key') },
    ])
    expect(changed).toBe(text.replace(/running\n$/, 'stopped\n'))
    expect((await edit(text, { kind: 'remove', server: 'default', name: 'a' })).refused).toHaveLength(1)
  })

  it('keeps the new row out when the old one of its name cannot go', async () => {
    const text = rows('- &r {name: a, status: running}', '- name: b', '  status: running')
    const { text: changed, refused } = await edit(
      text,
      { kind: 'remove', server: 'default', name: 'a' },
      { kind: 'add', row: { name: 'a', status: 'stopped' } },
      { kind: 'add', row: { name: 'c', status: 'stopped' } },
    )
    expect(changed).toBe(`${text}- name: c\n  status: stopped\n`)
    expect(refused.map(row => row.name)).toEqual(['a', 'a'])
  })

  it.each([
    ['a tag before the value', ['- name: a', '  status: !!str running'], 'tag'],
    ['a key with a question mark', ['- name: a', '  ? status', '  : running'], "':'"],
  ])('%s', async (_, before, reason) => {
    const text = rows(...before)
    const changed = await edit(text, set({ status: 'stopped' }))
    expect(changed).toEqual({
      text,
      refused: [{ server: 'default', name: 'a', reason: expect.stringContaining(reason) }],
    })
  })

  it('refuses what finds no row, and what finds its row there already', async () => {
    const text = rows('- name: a', '  status: running')
    const changed = await edit(text, { ...set({ host: 'h' }), server: 'other' } as Change, {
      kind: 'add',
      row: { name: 'a', status: 'stopped' },
    })
    expect(changed.text).toBe(text)
    expect(changed.refused.map(row => [row.server, row.reason])).toEqual([
      ['other', 'no such row'],
      ['default', 'a row of that name stands there'],
    ])
  })

  it('names the row when the result would not be a registry', async () => {
    const text = rows('- name: b', '  status: running', '- name: a', '  status: running')
    await expect(edit(text, set({ status: 'asleep' }))).rejects.toMatchObject({
      code: 'registry-edit-unsure',
      message: expect.stringContaining('row "a" on server "default"'),
    })
    await expect(edit(text, set({ name: 'b' }))).rejects.toMatchObject({ code: 'registry-edit-unsure' })
  })
})
