import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { claude } from '#lib/agents/claude.ts'
import { projectKey } from '#lib/agents/claude-transcripts.ts'
import { claudeDriver } from '#lib/agents/drive/claude.ts'
import { stateFromScreen } from '#lib/agents/screen.ts'
import { screenLines } from '#lib/tmux/ansi.ts'
import { look, pane, wish } from './drive-world.ts'
import { ID, OTHER_ID, World } from './world.ts'

const input = (version: string, name: string) => claudeDriver.input(screenLines(pane(version, `${name}.ansi`)))
const asPrompt = (text: string) => claudeDriver.asPrompt?.(text)

describe('the input line of Claude Code', () => {
  const V329 = 'claude-code-2.1.329'
  const V197 = 'claude-code-2.1.197'
  it.each([
    [V329, 'idle'],
    [V329, 'working'],
    [V329, 'queued'],
    [V329, 'rate-limited'],
    [V197, 'idle'],
    [V197, 'queued'],
    [V197, 'interrupted'],
  ])('of %s is empty when the screen is %s, whatever is suggested in it', (version, name) => {
    expect(input(version, name)).toEqual({ kind: 'empty' })
  })

  it.each([
    [V329, 'draft', 'a draft'],
    [V329, 'draft-one', 'x'],
    [V329, 'draft-slash', '/he'],
    [V329, 'draft-shell', '!ls'],
    [V329, 'draft-lines', 'one\ntwo\nthree'],
    [V329, 'draft-pasted', '[Pasted text #2 +11 lines]'],
    [V197, 'draft', 'line one\nline two; with semicolon;\nline three'],
  ])('of %s shows the %s', (version, name, text) => {
    expect(input(version, name)).toEqual({ kind: 'draft', text })
  })

  it.each([
    [V329, 'trust'],
    [V329, 'bypass'],
    [V329, 'permission'],
    [V197, 'trust-dialog'],
    [V197, 'permission'],
  ])('of %s is not there while it asks: %s', (version, name) => {
    expect(input(version, name)).toEqual({ kind: 'none' })
  })

  it('is not there on a screen that is no agent', () => {
    for (const text of ['', '$ ls\nfile\n$ ', `${'─'.repeat(40)}\nonly one rule\n`])
      expect(claudeDriver.input(screenLines(text))).toEqual({ kind: 'none' })
  })
})

describe('the captured screens of Claude Code 2.1.329', () => {
  it.each([
    ['idle', 'idle', undefined],
    ['working', 'working', undefined],
    ['tool-running', 'working', undefined],
    ['queued', 'working', undefined],
    ['queued-many', 'working', undefined],
    ['trust', 'waiting', 'trust'],
    ['bypass', 'waiting', 'bypass permissions'],
    ['permission', 'waiting', 'permission prompt'],
    ['rate-limited', 'limited', 'rate_limit'],
    ['draft-shell', 'limited', 'rate_limit'],
  ])('%s is %s', (name, state, detail) => {
    const sight = stateFromScreen(pane('claude-code-2.1.329', `${name}.txt`), claude.screen)
    expect(sight).toEqual({ state, ...(detail ? { detail } : {}), source: 'screen' })
  })
})

describe('the trust question', () => {
  it('marks its choices with a sign, in both orders', () => {
    for (const [version, name, marked] of [
      ['claude-code-2.1.329', 'trust', 'No, exit'],
      ['claude-code-2.1.197', 'trust-dialog', 'Yes, I trust this folder'],
    ] as const) {
      const lines = pane(version, `${name}.txt`).split('\n')
      const line = lines.find(candidate => claudeDriver.choiceMark?.test(candidate)) ?? ''
      expect(line.replace(/^\s*❯ (?:\d+\. )?/u, '').trimEnd()).toBe(marked)
      const choices = lines.map(text => text.replace(/^[\s❯]*(?:\d+\. )?/u, ''))
      expect(choices.filter(text => claudeDriver.trustChoice?.test(text))).toHaveLength(1)
    }
  })
})

describe('a start', () => {
  it('names the id, the model and a hook that says who it is', () => {
    const { args, id, hookFile } = claudeDriver.start(wish({ model: 'opus', hookFile: "/tmp/it's here/hook.jsonl" }))
    expect(args.slice(0, 4)).toEqual(['--session-id', wish().newId, '--model', 'opus'])
    expect(id).toBe(wish().newId)
    expect(hookFile).toBe("/tmp/it's here/hook.jsonl")
    const settings = JSON.parse(args[args.indexOf('--settings') + 1] ?? '')
    expect(settings.hooks.SessionStart[0].hooks[0].command).toBe("umask 077; cat >> '/tmp/it'\\''s here/hook.jsonl'")
  })

  it('gives an older version nothing that it may not know', () => {
    expect(claudeDriver.start(wish({ plain: true }))).toEqual({ args: [] })
    expect(claudeDriver.unknownFlag?.test("error: unknown option '--session-id'")).toBe(true)
  })

  it('with skipped permissions is known to be refused as root', () => {
    expect(claudeDriver.skipRefusal?.({}, 0)).toContain('root')
    expect(claudeDriver.skipRefusal?.({ IS_SANDBOX: '1' }, 0)).toBeUndefined()
    expect(claudeDriver.skipRefusal?.({}, 1000)).toBeUndefined()
  })

  it('forks under the new id', () => {
    const launch = claudeDriver.fork?.(ID, wish())
    expect(launch?.args.slice(0, 5)).toEqual(['--resume', ID, '--fork-session', '--session-id', wish().newId])
    expect(launch?.id).toBe(wish().newId)
  })
})

describe('a text for a prompt', () => {
  it.each([
    ['fix it', 'fix it'],
    ['/help', '\\/help'],
    [' /clear now', ' \\/clear now'],
    ['\n/help\nmore', '\n\\/help\nmore'],
    ['/', '\\/'],
    ['/tmp/foo has a bug', '/tmp/foo has a bug'],
    ['/foo.txt is empty', '/foo.txt is empty'],
    ['!ls', ' !ls'],
    ['#note', '#note'],
    ['@file', '@file '],
    ['see @', 'see @ '],
    ['@file is old', '@file is old'],
    ['exit', 'exit.'],
    [' quit\n', 'quit.'],
    ['exit now', 'exit now'],
    ['back\\', 'back\\ '],
    ['zero\u200bwidth\u2060', 'zerowidth'],
    ['\u200b/help', '\\/help'],
    ['👩\u200d💻 ❤\ufe0f می\u200cخواهم', '👩\u200d💻 ❤\ufe0f می\u200cخواهم'],
  ])('%j goes as %j', (text, prompt) => {
    expect(asPrompt(text)).toBe(prompt)
  })
})

describe('the record of messages', () => {
  let world: World
  let path: string
  const cwd = '/home/dev/proj'
  const at = () => look(cwd)
  const add = (...lines: object[]) => appendFileSync(path, lines.map(line => `${JSON.stringify(line)}\n`).join(''))
  const user = (content: unknown, more: object = {}) => ({ type: 'user', message: { role: 'user', content }, ...more })
  const queue = (operation: string, content?: string) => ({ type: 'queue-operation', operation, content })
  const since = (mark: string | undefined) => claudeDriver.messagesSince(mark, at(), ID, world.context())
  const markNow = () => claudeDriver.recordMark(at(), ID, world.context())

  beforeEach(() => {
    world = new World()
    path = world.write(`.claude/projects/${projectKey(cwd)}/${ID}.jsonl`, '')
  })
  afterEach(() => world.close())

  it('begins with nothing where there is no file yet, and then everything counts', async () => {
    const other = () => claudeDriver.recordMark(at(), OTHER_ID, world.context())
    expect(await other()).toBeUndefined()
    expect(await claudeDriver.messagesSince(undefined, at(), OTHER_ID, world.context())).toEqual([])
    world.write(`.claude/projects/${projectKey(cwd)}/${OTHER_ID}.jsonl`, `${JSON.stringify(user('first'))}\n`)
    expect(await claudeDriver.messagesSince(undefined, at(), OTHER_ID, world.context())).toEqual([
      { text: 'first', kind: 'delivered' },
    ])
  })

  it('gives only what came after the mark, and no results of tools', async () => {
    add(user('old'))
    const mark = await markNow()
    expect(await since(mark)).toEqual([])
    add(
      user([{ type: 'tool_result', tool_use_id: 'x', content: 'out' }]),
      user('<command-name>/clear</command-name>'),
      user('sub', { isSidechain: true }),
      user('new\nlines ✓'),
    )
    expect(await since(mark)).toEqual([{ text: 'new\nlines ✓', kind: 'delivered' }])
  })

  it('takes a line for written only when it has its end', async () => {
    const mark = await markNow()
    const line = JSON.stringify(user('half'))
    appendFileSync(path, line)
    expect(await since(mark)).toEqual([])
    appendFileSync(path, '\n')
    expect(await since(mark)).toEqual([{ text: 'half', kind: 'delivered' }])
  })

  it('knows one queued prompt as one message, from the queue to its turn', async () => {
    const mark = await markNow()
    add(queue('enqueue', 'second'))
    expect(await since(mark)).toEqual([{ text: 'second', kind: 'queued' }])
    add(queue('dequeue'), user('second', { promptSource: 'queued' }))
    expect(await since(mark)).toEqual([{ text: 'second', kind: 'delivered' }])
  })

  it('knows a queued prompt that a running turn took between two tools', async () => {
    const mark = await markNow()
    const attachment = { type: 'queued_command', prompt: 'second', commandMode: 'prompt' }
    add(queue('enqueue', 'second'), queue('remove', 'second'), { type: 'attachment', attachment })
    expect(await since(mark)).toEqual([{ text: 'second', kind: 'delivered' }])
  })

  it('does not count what was queued before the mark, nor what was taken back', async () => {
    add(queue('enqueue', 'go'))
    const mark = await markNow()
    add(queue('dequeue'), user('go', { promptSource: 'queued' }), queue('enqueue', 'mine'), queue('popAll', 'mine'))
    expect(await since(mark)).toEqual([])
  })

  it('takes the frame of a long paste off', async () => {
    const mark = await markNow()
    const framed = '<pasted_content id="bd76">\nl1\n\nl3\n</pasted_content id="bd76">'
    add(user(`\n\n${framed}\n`), queue('enqueue', framed), user(framed, { promptSource: 'queued' }))
    expect(await since(mark)).toEqual([
      { text: 'l1\n\nl3', kind: 'delivered' },
      { text: 'l1\n\nl3', kind: 'delivered' },
    ])
  })

  it('says nothing of a file that shrank, went or cannot be known', async () => {
    add(user('old'))
    const mark = await markNow()
    world.write(`.claude/projects/${projectKey(cwd)}/${ID}.jsonl`, '')
    expect(await since(mark)).toBeUndefined()
    const unknown = await claudeDriver.recordMark(at(), undefined, world.context())
    expect(await since(unknown)).toBeUndefined()
    expect(await claudeDriver.messagesSince(mark, at(), OTHER_ID, world.context())).toBeUndefined()
  })

  it('goes with the conversation and nothing else when that is purged', async () => {
    add(user('old'))
    const kept = world.write(`.claude/projects/${projectKey(cwd)}/${OTHER_ID}.jsonl`, 'x')
    const beside = world.write(`.claude/projects/${projectKey(cwd)}/${ID}/subagents/agent-1.jsonl`, 'x')
    const context = world.context()
    const artifact = claude.artifact(ID, cwd, context)
    const gone = await claudeDriver.purge?.(ID, artifact, context, async () => ({ code: 1, stdout: '', stderr: '' }))
    expect(gone).toEqual([path, path.slice(0, -'.jsonl'.length)])
    expect([path, beside, kept].map(one => existsSync(one))).toEqual([false, false, true])
    expect(readFileSync(kept, 'utf8')).toBe('x')
  })

  it('names the model of the last real answer', () => {
    const answer = (model: string) => ({ type: 'assistant', message: { model } })
    add(answer('claude-opus-5-5'), answer('<synthetic>'))
    const header = ' ▐▛███▛█   Claude Code v2.1.329\n▝▜██████▀  Opus 5.5 · API Usage Billing\n'
    expect(claudeDriver.about?.(at(), ID, header, world.context())).toEqual({
      version: '2.1.329',
      model: 'claude-opus-5-5',
      plan: 'API Usage Billing',
    })
    expect(claudeDriver.about?.(at(), join('no'), '', world.context())).toEqual({})
  })
})
