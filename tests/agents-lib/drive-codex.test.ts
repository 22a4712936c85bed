import { appendFileSync, existsSync, rmSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { codex } from '#lib/agents/codex.ts'
import { codexDriver } from '#lib/agents/drive/codex.ts'
import { stateFromScreen } from '#lib/agents/screen.ts'
import { screenLines } from '#lib/tmux/ansi.ts'
import { look, pane, wish } from './drive-world.ts'
import { World } from './world.ts'

const VERSION = 'codex-0.169.0'
const ID = '01a1fd93-2766-72e3-87b9-c1d9d10d39a6'
const lines = (name: string) => screenLines(pane(VERSION, `${name}.ansi`))

describe('the input line of Codex 0.169.0', () => {
  it.each(['idle', 'working', 'queued', 'after', 'rate-limited', 'status'])('is empty when the screen is %s', name => {
    expect(codexDriver.input(lines(name))).toEqual({ kind: 'empty' })
  })

  it.each([
    ['draft', 'a draft'],
    ['draft-one', 'x'],
    ['draft-lines', 'one\ntwo\n\nfour'],
    ['draft-pasted', '[Pasted Content 1200 chars]'],
    ['draft-shell', '!ls'],
    ['draft-at', 'see @READ'],
    ['draft-nomatch', '$nosuchskill'],
  ])('shows the %s', (name, text) => {
    expect(codexDriver.input(lines(name))).toEqual({ kind: 'draft', text })
  })

  it.each(['trust', 'permission', 'model-question', 'open-elsewhere'])('is not there while it asks: %s', name => {
    expect(codexDriver.input(lines(name))).toEqual({ kind: 'none' })
  })

  it('is not there on a screen that is no agent', () => {
    for (const text of ['', '$ ls\nfile\n$ ']) expect(codexDriver.input(screenLines(text))).toEqual({ kind: 'none' })
  })
})

describe('the captured screens of Codex 0.169.0', () => {
  it.each([
    ['idle', 'idle', undefined],
    ['after', 'idle', undefined],
    ['working', 'working', undefined],
    ['tool-running', 'working', undefined],
    ['queued', 'working', undefined],
    ['permission', 'waiting', 'approval'],
    ['trust', 'waiting', 'trust'],
    ['model-question', 'waiting', 'question'],
    ['model-question-down', 'waiting', 'question'],
    ['open-elsewhere', 'waiting', 'open elsewhere'],
    ['rate-limited', 'limited', 'usage limit'],
  ])('%s is %s', (name, state, detail) => {
    const sight = stateFromScreen(pane(VERSION, `${name}.txt`), codex.screen)
    expect(sight).toEqual({ state, ...(detail ? { detail } : {}), source: 'screen' })
  })

  it('mark the choice that trusts the folder', () => {
    const marked = pane(VERSION, 'trust.txt')
      .split('\n')
      .find(line => codexDriver.choiceMark?.test(line))
    expect(codexDriver.trustChoice?.test(marked?.replace(/^› 1\. /u, '') ?? '')).toBe(true)
  })
})

describe('a start of Codex', () => {
  it('asks for no shared daemon, unless an older version refused that', () => {
    expect(codexDriver.start(wish({ model: 'gpt-6-sol' })).args).toEqual(['--no-daemon', '--model', 'gpt-6-sol'])
    expect(codexDriver.start(wish({ plain: true })).args).toEqual([])
    expect(codexDriver.unknownFlag?.test("error: unexpected argument '--no-daemon' found")).toBe(true)
  })

  it('resumes by id, and forks without knowing the new one', () => {
    expect(codexDriver.resume(ID, wish())).toEqual({ args: ['resume', ID, '--no-daemon'], id: ID })
    expect(codexDriver.fork?.(ID, wish())).toEqual({ args: ['fork', ID, '--no-daemon'] })
  })
})

describe('a text for a prompt to Codex', () => {
  it.each([
    ['fix it', 'fix it'],
    ['/help', ' /help'],
    ['\n/help', ' \n/help'],
    ['!ls', ' !ls'],
    ['see @READ', 'see @READ '],
    ['mail me@home', 'mail me@home '],
    ['pay $5', 'pay $5 '],
    ['@first then more', '@first then more'],
    ['exit', 'exit'],
  ])('%j goes as %j', (text, prompt) => {
    expect(codexDriver.asPrompt?.(text)).toBe(prompt)
  })
})

describe('the record of Codex', () => {
  let world: World
  const path = () => `${world.home}/.codex/sessions/2026/11/21/rollout-2026-11-21T10-07-21-${ID}.jsonl`
  const event = (payload: object) => `${JSON.stringify({ type: 'event_msg', payload })}\n`
  const said = (text: string) =>
    event({ type: 'item_completed', item: { type: 'UserMessage', content: [{ type: 'text', text }] } })
  const since = (mark: string | undefined) => codexDriver.messagesSince(mark, look('/w'), ID, world.context())
  const begin = (text = '') => world.write(path().slice(world.home.length + 1), text)

  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  it('comes with the first prompt', async () => {
    const mark = await codexDriver.recordMark(look('/w'), ID, world.context())
    expect(mark).toBeUndefined()
    expect(await since(mark)).toEqual([])
    begin(said('first'))
    expect(await since(mark)).toEqual([{ text: 'first', kind: 'delivered' }])
  })

  it('tells old from new by time where there was no conversation yet when it was asked', async () => {
    const at = (text: string, ms: number) =>
      `${JSON.stringify({ ...JSON.parse(said(text)), timestamp: new Date(ms).toISOString() })}\n`
    const mark = await codexDriver.recordMark(look('/w'), undefined, world.context())
    expect(await since(mark)).toEqual([])
    const odd = `${JSON.stringify({ ...JSON.parse(said('at no time')), timestamp: { toString: 'x' } })}\n`
    begin(at('of another day', Date.now() - 86_400_000) + odd + at('mine', Date.now() + 5))
    expect(await since(mark)).toEqual([{ text: 'mine', kind: 'delivered' }])
  })

  it('holds each prompt once, in the words of newer and older versions', async () => {
    begin(said('old'))
    const mark = await codexDriver.recordMark(look('/w'), ID, world.context())
    const item = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'new' }] }
    appendFileSync(path(), `${JSON.stringify({ type: 'response_item', payload: item })}\n${said('new')}`)
    appendFileSync(path(), event({ type: 'item_completed', item: { type: 'AgentMessage', content: [] } }))
    appendFileSync(path(), event({ type: 'user_message', message: 'in an older one' }))
    expect(await since(mark)).toEqual([
      { text: 'new', kind: 'delivered' },
      { text: 'in an older one', kind: 'delivered' },
    ])
  })

  it('says of a limited agent that it is, until it is asked again', () => {
    begin(said('x') + event({ type: 'turn_complete', error: { codex_error_info: 'usage_limit_exceeded' } }))
    const state = () => codex.state?.(look('/home/w'), 'w', ID, world.context())
    expect(state()?.state).toBe('limited')
    appendFileSync(path(), said('again'))
    expect(state()?.state).toBe('idle')
  })

  it('says who it is', () => {
    const meta = { type: 'session_meta', payload: { cli_version: '0.169.0', model_provider: 'openai' } }
    const turn = { type: 'turn_context', payload: { model: 'gpt-6-sol' } }
    begin(
      `${JSON.stringify(meta)}\n${JSON.stringify(turn)}\n${event({ type: 'token_count', rate_limits: { plan_type: 'pro' } })}`,
    )
    expect(codexDriver.about?.(look('/w'), ID, '', world.context())).toEqual({
      version: '0.169.0',
      provider: 'openai',
      model: 'gpt-6-sol',
      plan: 'pro',
    })
    expect(codexDriver.about?.(look('/w'), undefined, '  >_ OpenAI Codex (v0.169.0)', world.context())).toEqual({
      version: '0.169.0',
    })
  })

  it('is deleted in its own way, and by hand only where that way is not known', async () => {
    begin(said('x'))
    const context = () => world.context()
    const artifact = codex.artifact(ID, '/w', context())
    const fails = (stderr: string) => async () => ({ code: 1, stdout: '', stderr })
    await expect(codexDriver.purge?.(ID, artifact, context(), fails('Error: failed'))).rejects.toThrow('failed')
    expect(existsSync(path())).toBe(true)
    const calls: (readonly string[])[] = []
    const works = async (args: readonly string[]) => {
      calls.push(args)
      rmSync(path())
      return { code: 0, stdout: '', stderr: '' }
    }
    expect(await codexDriver.purge?.(ID, artifact, context(), works)).toEqual([path()])
    expect(calls).toEqual([['delete', '--force', ID]])
    begin(said('x'))
    const unknown = fails("error: unrecognized subcommand 'delete'")
    expect(await codexDriver.purge?.(ID, artifact, context(), unknown)).toEqual([path()])
    expect(existsSync(path())).toBe(false)
  })
})
