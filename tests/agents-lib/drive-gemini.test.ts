import { appendFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { geminiDriver } from '#lib/agents/drive/gemini.ts'
import { gemini } from '#lib/agents/gemini.ts'
import { stateFromScreen } from '#lib/agents/screen.ts'
import { isCodedError } from '#lib/system/errors.ts'
import { screenLines } from '#lib/tmux/ansi.ts'
import { makeWorld } from '../harness/world.ts'
import { aWish, capturesOf } from './drive-fixtures.ts'
import { aLook, ID, OTHER_ID, World } from './world.ts'

const captures = capturesOf('gemini-cli-0.61.0')
const look = aLook()
let world: World
beforeEach(() => (world = new World()))
afterEach(() => world.close())

describe('the command line', () => {
  it.each([
    ['a start', aWish(), ['--session-id', ID]],
    ['a start of an older version', aWish({ plain: true }), []],
    [
      'a start with a model and no questions',
      aWish({ model: 'gemini-2.5-flash', skipPermissions: true }),
      ['--session-id', ID, '--model', 'gemini-2.5-flash', '--approval-mode', 'yolo'],
    ],
  ])('of %s', (_name, wish, args) => {
    const launch = geminiDriver.start(wish)
    expect(launch).toEqual(wish.plain ? { args } : { args, id: ID })
  })

  it('of a resume names the conversation, which its own process then shows', () => {
    const { args, id } = geminiDriver.resume(OTHER_ID, aWish())
    expect([args, id]).toEqual([['--resume', OTHER_ID], OTHER_ID])
  })

  it.each([
    ['unknownFlag', 'Unknown arguments: session-id, sessionId', true],
    ['unknownFlag', 'Unknown argument: model', false],
    ['notFound', `Error resuming session: Invalid session identifier "${ID}".`, true],
    ['notFound', 'Error resuming session: No previous sessions found for this project.', true],
    ['notFound', 'Gemini CLI v0.61.0', false],
  ] as const)('%s is told by %j: %s', (name, text, isTold) => {
    expect(geminiDriver[name]?.test(text)).toBe(isTold)
  })
})

describe('the screen', () => {
  const drafts: Record<string, string | undefined> = {
    'draft-one-line': 'hello draft ünï 日本',
    'draft-many-lines': 'hello draft ünï 日本\nsecond line\nthird',
    'draft-long-paste': '[Pasted Text: 30 lines]',
    completion: 'see @READ',
    'leave-typed': '/quit',
    'shell-mode': '!',
  }
  const without = ['trust', 'trust-moved', 'permission']

  it.each(captures.names)('%s: its input line is read as it is', name => {
    const input = geminiDriver.input(captures.lines(name))
    const draft = drafts[name]
    if (draft !== undefined) expect(input).toEqual({ kind: 'draft', text: draft })
    else expect(input).toEqual({ kind: without.includes(name) ? 'none' : 'empty' })
  })

  it.each([
    ['idle-placeholder', 'idle', undefined],
    ['idle-after-turn', 'idle', undefined],
    ['draft-many-lines', 'idle', undefined],
    ['working', 'working', undefined],
    ['queued', 'working', undefined],
    ['queued-two', 'working', undefined],
    ['leave-typed', 'working', undefined],
    ['permission', 'waiting', 'permission prompt'],
    ['trust', 'waiting', 'trust'],
    ['trust-moved', 'waiting', 'trust'],
  ])('%s is %s', (name, state, detail) => {
    const sight = stateFromScreen(captures.text(name), gemini.screen)
    expect([sight?.state, sight?.detail]).toEqual([state, detail])
  })

  it.each([
    ['trust', '1. Trust folder (p1)'],
    ['trust-moved', '2. Trust parent folder (gb)'],
  ])('%s: the mark stands before %j', (name, choice) => {
    const { choiceMark = /$^/, trustChoice = /$^/ } = geminiDriver
    const marked = captures.lines(name).filter(line => choiceMark.test(line.text))
    expect(marked.map(line => line.text.replace(/[│●]/g, '').trim())).toEqual([choice])
    expect(trustChoice.test(choice.replace(/^\d\. /, ''))).toBe(name === 'trust')
  })

  it('without any of it says nothing', () => {
    expect(geminiDriver.input([{ text: '$ echo > x', bright: '$ echo > x' }])).toEqual({ kind: 'none' })
    expect(geminiDriver.input([])).toEqual({ kind: 'none' })
  })
})

describe('a prompt', () => {
  it.each([
    ['plain; text', 'plain; text'],
    ['/quit now', '\u2060/quit now'],
    [' \n/help\nis what I typed', '\u2060/help\nis what I typed'],
    ['ends in \\', 'ends in \\ '],
    ['look at @READ', 'look at @READ '],
    ['mail me@x.org now', 'mail me@x.org now'],
    ['  blanks \n', 'blanks'],
  ])('%j is sent as %j', (text, sent) => {
    expect(geminiDriver.asPrompt?.(text)).toBe(sent)
  })
})

describe('the record', () => {
  const chat = 'session-2026-11-21T09-52-33333333.jsonl'
  const path = `.gemini/tmp/fresh/chats/${chat}`
  const line = (value: object) => `${JSON.stringify(value)}\n`
  const head = line({ sessionId: ID, kind: 'main' })
  const context = { $set: { messages: [{ id: 'c', type: 'user', content: [{ text: '<session_context>' }] }] } }
  const user = (text: string, more: object = {}) => line({ id: text, type: 'user', content: [{ text }], ...more })
  const since = (mark: string | undefined) => geminiDriver.messagesSince(mark, look, ID, world.context())

  it('tells what was added since the mark, as it was typed', async () => {
    const full = world.write(path, head + line(context) + user('before'))
    const mark = await geminiDriver.recordMark(look, ID, world.context())
    expect(await since(mark)).toEqual([])
    appendFileSync(
      full,
      user('after') + line({ $set: { lastUpdated: 'x' } }) + user('\u2060/help') + user('<session_context>\nThis is'),
    )
    appendFileSync(
      full,
      user('see @f', {
        content: [{ text: 'see @f' }, { text: '\n--- Content' }],
        displayContent: [{ text: 'see @f' }],
      }),
    )
    appendFileSync(full, user('being written').slice(0, -5))
    expect((await since(mark))?.map(message => message.text)).toEqual(['after', '/help', 'see @f'])
    expect((await since(undefined))?.[0]?.text).toBe('before')
  })

  it('goes on in a file that a resume began', async () => {
    world.write(path, head + user('before'))
    const mark = await geminiDriver.recordMark(look, ID, world.context())
    world.write(path.replace('09-52', '10-02'), head + user('in the second file'))
    expect(await since(mark)).toEqual([{ text: 'in the second file', kind: 'delivered' }])
  })

  it('is empty where there is none yet; it cannot be told where it went, and without an id', async () => {
    expect(await geminiDriver.recordMark(look, ID, world.context())).toBeUndefined()
    expect(await since(undefined)).toEqual([])
    const full = world.write(path, head + user('before'))
    const mark = await geminiDriver.recordMark(look, ID, world.context())
    rmSync(full)
    expect(await since(mark)).toBeUndefined()
    expect(await geminiDriver.recordMark(look, undefined, world.context())).toBeUndefined()
  })

  it('names the model of the last answer, and the version while the banner can be seen', () => {
    world.write(path, head + line({ type: 'gemini', model: 'old' }) + line({ type: 'gemini', model: 'gemini-2.5-pro' }))
    const about = (screen: string) => geminiDriver.about?.(look, ID, screen, world.context())
    expect(about(captures.text('idle-placeholder'))).toEqual({ version: '0.61.0', model: 'gemini-2.5-pro' })
    expect(about('')).toEqual({ model: 'gemini-2.5-pro' })
  })

  it('is removed with its sub-agents, and nothing of its neighbours', async () => {
    const own = [
      world.write(path, head),
      world.write(path.replace('09-52', '10-02'), head),
      world.write(`.gemini/tmp/fresh/chats/${ID}/sub.jsonl`, '{}\n'),
      world.write(`.gemini/tmp/fresh/logs/session-${ID}.jsonl`, '{}\n'),
      world.write(`.gemini/tmp/fresh/tool-outputs/session-sub/out.txt`, 'x'),
      world.write(`.gemini/tmp/fresh/${ID}/plans/plan.md`, 'x'),
    ]
    const others = [
      world.write(
        `.gemini/tmp/fresh/chats/session-2026-11-21T09-53-33333333.jsonl`,
        line({ sessionId: `${ID.slice(0, 8)}-x` }),
      ),
      world.write('.gemini/tmp/fresh/logs.json', '[]'),
    ]
    const run = () => Promise.reject(new Error('no program is needed'))
    const removed = await geminiDriver.purge?.(
      ID,
      gemini.artifact(ID, undefined, world.context()),
      world.context(),
      run,
    )
    expect(removed).toContain(own[0])
    expect([own.filter(existsSync), others.filter(existsSync)]).toEqual([[], others])
  })

  it('is not removed where a file of it may have been missed', async () => {
    world.write(path, head)
    world.write(path.replace('09-52', '10-02'), `${'x'.repeat(70_000)}\n`)
    const run = () => Promise.reject(new Error('no program is needed'))
    const purge = geminiDriver.purge?.(ID, gemini.artifact(ID, undefined, world.context()), world.context(), run)
    await expect(purge).rejects.toSatisfy(isCodedError)
    expect(existsSync(`${world.home}/${path}`)).toBe(true)
  })
})

it('its own removal of conversations is told, unless it is switched off', () => {
  const { home } = makeWorld()
  mkdirSync(join(home, '.gemini'))
  expect(geminiDriver.caveat?.({ HOME: home })).toContain('sessionRetention')
  const settings = { general: { sessionRetention: { enabled: false } } }
  writeFileSync(join(home, '.gemini/settings.json'), JSON.stringify(settings))
  expect(geminiDriver.caveat?.({ HOME: home })).toBeUndefined()
})

it('an empty line in a draft is part of it', () => {
  const screen = [
    '─'.repeat(40),
    ' Shift+Tab to accept edits',
    '',
    ' > multi',
    '',
    '   line',
    '',
    ' workspace (/directory)',
  ]
  expect(geminiDriver.input(screenLines(screen.join('\n')))).toEqual({ kind: 'draft', text: 'multi\n\nline' })
})
