import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { opencodeDriver } from '#lib/agents/drive/opencode.ts'
import type { RunProgram } from '#lib/agents/drive/types.ts'
import { opencode } from '#lib/agents/opencode.ts'
import { stateFromScreen } from '#lib/agents/screen.ts'
import { isCodedError } from '#lib/system/errors.ts'
import { aWish, capturesOf } from './drive-fixtures.ts'
import { aLook, World } from './world.ts'

const captures = capturesOf('opencode-1.18.33')
const look = aLook()
const SESSION = 'ses_33333333333343338333333333333333'
let world: World
beforeEach(() => (world = new World()))
afterEach(() => world.close())

describe('the command line', () => {
  const listening = ['--port', '4096', '--hostname', '127.0.0.1']
  it.each([
    ['a start', opencodeDriver.start(aWish()), ['--session', SESSION, ...listening], SESSION],
    [
      'a resume',
      opencodeDriver.resume('ses_x', aWish({ model: 'a/b' })),
      ['--session', 'ses_x', ...listening, '--model', 'a/b'],
      'ses_x',
    ],
    ['a fork', opencodeDriver.fork?.('ses_x', aWish()), ['--session', 'ses_x', '--fork', ...listening], undefined],
  ])('of %s; it listens behind a password that is not in it', (_name, launch, args, id) => {
    expect(launch?.args).toEqual(args)
    expect(launch?.id).toBe(id)
    expect(launch?.secretFile).toBe(aWish().secretFile)
    expect(launch?.env).toEqual({
      OPENCODE_SERVER_USERNAME: 'opencode',
      OPENCODE_SERVER_PASSWORD: expect.stringMatching(/^[0-9a-f]{48}$/),
    })
    expect(opencodeDriver.start(aWish()).env).not.toEqual(launch?.env)
  })

  it.each([
    ['a plain start', opencodeDriver.start(aWish({ plain: true })), []],
    ['no questions', opencodeDriver.start(aWish({ plain: true, skipPermissions: true })), ['--auto']],
    ['no port', opencodeDriver.resume('ses_x', aWish({ port: 0 })), ['--session', 'ses_x']],
  ])('of %s: nothing listens, and there is no secret', (_name, { args, secretFile, env }, expected) => {
    expect({ args, secretFile, env }).toEqual({ args: expected, secretFile: undefined, env: undefined })
  })

  it.each([
    ['Error: Session not found: ses_doesnotexist0000', true],
    ['Error: Invalid session ID: unknown error', true],
    ['Ask anything…', false],
  ])('that the session is not there is told by %j: %s', (text, isTold) => {
    expect(opencodeDriver.notFound?.test(text)).toBe(isTold)
  })
})

describe('the chosen id, and the password', () => {
  const done = { code: 0, stdout: `Imported session: ${SESSION}`, stderr: '' }

  it('is imported as an empty session, from a file that does not stay', async () => {
    const wish = aWish({ logFile: join(world.home, '3.log'), secretFile: join(world.home, '3.secret') })
    const seen: { args: readonly string[]; file: unknown }[] = []
    const run: RunProgram = async args => {
      seen.push({ args, file: JSON.parse(readFileSync(args[1] ?? '', 'utf8')) })
      return done
    }
    await opencodeDriver.prepare?.(opencodeDriver.start(wish), wish, run)
    expect(seen).toMatchObject(
      [{ args: ['import', /\.json$/], file: { info: { id: SESSION, directory: wish.folder }, messages: [] } }].map(
        ({ args, file }) => ({ args: [args[0], expect.stringMatching(args[1] as RegExp)], file }),
      ),
    )
    expect(existsSync(seen[0]?.args[1] ?? '')).toBe(false)
  })

  it('of a session that is there is not imported again', async () => {
    const run = () => Promise.reject(new Error('not to be run'))
    const wish = aWish({ secretFile: join(world.home, '3.secret') })
    await opencodeDriver.prepare?.(opencodeDriver.resume('ses_x', wish), wish, run)
    await opencodeDriver.prepare?.(opencodeDriver.start({ ...wish, plain: true }), { ...wish, plain: true }, run)
  })

  it('of its server is kept in a file for this user only, also where one stood', async () => {
    const wish = aWish({ secretFile: join(world.home, '3.secret') })
    writeFileSync(wish.secretFile, 'old', { mode: 0o644 })
    const launch = opencodeDriver.resume('ses_x', wish)
    await opencodeDriver.prepare?.(launch, wish, async () => done)
    expect(readFileSync(wish.secretFile, 'utf8').trim()).toBe(launch.env?.['OPENCODE_SERVER_PASSWORD'])
    expect(statSync(wish.secretFile).mode & 0o777).toBe(0o600)
    const lost = { ...launch, secretFile: join(world.home, 'nowhere/3.secret') }
    const error = await opencodeDriver.prepare?.(lost, wish, async () => done).catch((thrown: unknown) => thrown)
    expect(isCodedError(error) && error.code).toBe('write-failed')
  })

  it('that could not be imported is an error in the program’s words', async () => {
    const wish = aWish({ logFile: join(world.home, '3.log'), secretFile: join(world.home, '3.secret') })
    const run = async () => ({ code: 1, stdout: '', stderr: '\x1b[91mError: \x1b[0mno room\n' })
    await expect(opencodeDriver.prepare?.(opencodeDriver.start(wish), wish, run)).rejects.toThrow(/Error: no room/)
    expect(existsSync(`${wish.logFile}.import.json`)).toBe(false)
  })
})

describe('the screen', () => {
  const drafts: Record<string, string | undefined> = {
    'draft-one-line': 'hello draft ünï 日本',
    'draft-pasted-lines': '[Pasted ~6 lines]',
    completion: 'see @READ',
    'leave-typed': '/exit',
    'shell-mode': '!',
  }

  it.each(captures.names)('%s: its input line is read as it is', name => {
    const input = opencodeDriver.input(captures.lines(name))
    const draft = drafts[name]
    if (draft !== undefined) expect(input).toEqual({ kind: 'draft', text: draft })
    else expect(input).toEqual({ kind: name === 'permission' ? 'none' : 'empty' })
  })

  it.each([
    ['a draft of two paragraphs', ['', 'one', '', 'three', ''], { kind: 'draft', text: 'one\n\nthree' }],
    ['a draft that ends in a line break', ['', 'one', '', ''], { kind: 'draft', text: 'one\n' }],
    ['nothing, right below an earlier prompt', ['', 'said', ' QUEUED', '', '', '', ''], { kind: 'empty' }],
    [
      'a draft right below an earlier prompt',
      ['', 'said', '', '', 'one', 'two', ''],
      { kind: 'draft', text: 'one\ntwo' },
    ],
  ])('with a sidebar beside it holds %s', (_name, rows, expected) => {
    const beside = (left: string) => `  ${left.padEnd(41)}    LSPs are disabled`
    const texts = [
      ...rows.map(row => beside(`┃  ${row}`)),
      beside('┃  Build · Stub Stub'),
      beside(`╹${'▀'.repeat(40)}`),
    ]
    const lines = texts.map(text => ({ text, bright: text }))
    expect(opencodeDriver.input(lines)).toEqual(expected)
    expect(opencodeDriver.input(lines.slice(0, -1))).toEqual({ kind: 'none' })
  })

  it.each([
    ['idle-placeholder', 'idle', undefined],
    ['idle-after-turn', 'idle', undefined],
    ['draft-pasted-lines', 'idle', undefined],
    ['rejected', 'idle', undefined],
    ['working', 'working', undefined],
    ['queued', 'working', undefined],
    ['leave-typed', 'working', undefined],
    ['limit', 'limited', 'rate limit'],
    ['permission', 'waiting', 'permission prompt'],
  ])('%s is %s', (name, state, detail) => {
    const sight = stateFromScreen(captures.text(name), opencode.screen)
    expect([sight?.state, sight?.detail]).toEqual([state, detail])
  })
})

describe('a prompt', () => {
  it.each([
    [' quit\n', 'quit.'],
    ['plain; text\\', 'plain; text\\'],
    ['/exit now', ' /exit now'],
    ['//x', ' //x'],
    ['look at @READ', 'look at @READ '],
    ['!echo hi', '!echo hi'],
  ])('%j is sent as %j', (text, sent) => {
    expect(opencodeDriver.asPrompt?.(text)).toBe(sent)
  })
})

describe('the record', () => {
  const context = () => world.context()
  const sql = (text: string) => {
    const path = join(world.home, '.local/share/opencode/opencode.db')
    mkdirSync(dirname(path), { recursive: true })
    execFileSync('sqlite3', [path, text])
  }
  const message = (id: string, data: object, session = SESSION) =>
    sql(`INSERT INTO message VALUES('${id}', '${session}', '${JSON.stringify(data)}')`)
  const part = (id: string, data: object) =>
    sql(`INSERT INTO part(message_id, data) VALUES('${id}', '${JSON.stringify(data)}')`)
  const say = (id: string, text: string) => {
    message(id, { role: 'user', model: { providerID: 'stub', modelID: 'large' } })
    part(id, { type: 'text', text })
  }
  const answer = (id: string, parent: string, isDone: boolean) =>
    message(id, {
      role: 'assistant',
      parentID: parent,
      modelID: 'large',
      time: isDone ? { completed: 2 } : { created: 1 },
    })
  const since = (mark: string | undefined) => opencodeDriver.messagesSince(mark, look, SESSION, context())

  beforeEach(() => {
    sql(
      'CREATE TABLE session(id text PRIMARY KEY); CREATE TABLE message(id text PRIMARY KEY, session_id text, data text)',
    )
    sql(
      `CREATE TABLE part(id integer PRIMARY KEY, message_id text, data text); INSERT INTO session VALUES('${SESSION}')`,
    )
  })

  it('tells what was said since the mark, without what @ brought along', async () => {
    say('m9', 'before')
    answer('m8', 'm9', true)
    const mark = await opencodeDriver.recordMark(look, SESSION, context())
    message('foreign', { role: 'user' }, 'ses_other')
    say('m1', 'see @f\nplease')
    part('m1', { type: 'text', text: '<file>', synthetic: true })
    part('m1', { type: 'file', filename: 'f' })
    expect(await since(mark)).toEqual([{ text: 'see @f\nplease', kind: 'delivered' }])
    expect((await since(undefined))?.map(({ text }) => text)).toEqual(['before', 'see @f\nplease'])
  })

  it('tells which of them wait their turn', async () => {
    say('m1', 'one')
    answer('a1', 'm1', false)
    say('m2', 'two')
    expect((await since(undefined))?.map(({ kind }) => kind)).toEqual(['delivered', 'queued'])
    answer('a2', 'm2', false)
    expect((await since(undefined))?.map(({ kind }) => kind)).toEqual(['delivered', 'delivered'])
  })

  it('begins at nothing in a session without messages', async () => {
    const mark = await opencodeDriver.recordMark(look, SESSION, context())
    expect(await since(mark)).toEqual([])
    say('m1', 'first')
    expect(await since(mark)).toEqual([{ text: 'first', kind: 'delivered' }])
  })

  it('cannot be told without an id, with one that is none, and where the database cannot be read', async () => {
    for (const id of [undefined, "ses_x' OR '1'='1"]) {
      expect(await opencodeDriver.recordMark(look, id, context())).toBeUndefined()
      expect(await opencodeDriver.messagesSince(undefined, look, id, context())).toBeUndefined()
    }
    sql('DROP TABLE part')
    expect(await since(undefined)).toBeUndefined()
  })

  it('names model and provider of the last message, and the version where it stands on the screen', () => {
    say('m1', 'one')
    const about = (screen: string) => opencodeDriver.about?.(look, SESSION, screen, context())
    expect(about(captures.text('idle-placeholder'))).toEqual({ model: 'large', provider: 'stub', version: '1.18.33' })
    expect(about(captures.text('idle-after-turn'))).toEqual({ model: 'large', provider: 'stub' })
  })

  it('is removed by the program’s own command, and looked for afterwards', async () => {
    const calls: string[][] = []
    const run: RunProgram = async args => {
      calls.push([...args])
      if (calls.length > 1) sql(`DELETE FROM session WHERE id = '${SESSION}'`)
      return { code: 0, stdout: '', stderr: '' }
    }
    const purge = () =>
      opencodeDriver.purge?.(SESSION, opencode.artifact(SESSION, undefined, context()), context(), run)
    await expect(purge()).rejects.toThrow(/still there/)
    expect(await purge()).toEqual([expect.stringMatching(new RegExp(`opencode\\.db: session ${SESSION}$`))])
    expect(calls).toEqual([
      ['session', 'delete', SESSION],
      ['session', 'delete', SESSION],
    ])
  })

  it('is not removed where the command fails, or the id is none', async () => {
    const run = async () => ({ code: 1, stdout: '', stderr: 'Error: Session not found' })
    const purge = (id: string) => opencodeDriver.purge?.(id, { state: 'present', turn: 'yes' }, context(), run)
    await expect(purge(SESSION)).rejects.toThrow(/Session not found/)
    await expect(purge('--help')).rejects.toSatisfy(isCodedError)
  })
})
