import { appendFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { agyDriver } from '#lib/agents/drive/agy.ts'
import { screenLines } from '#lib/tmux/ansi.ts'
import { aWish } from './drive-fixtures.ts'
import { aLook, anAgent, ID, World } from './world.ts'

let world: World
beforeEach(() => (world = new World()))
afterEach(() => world.close())

describe('agy', () => {
  it('is started with a log of its own, which says which conversation it made', () => {
    const { logFile } = aWish()
    expect(agyDriver.start(aWish())).toEqual({ args: ['--log-file', logFile], logFile })
    expect(agyDriver.start(aWish({ plain: true, skipPermissions: true }))).toEqual({
      args: ['--dangerously-skip-permissions'],
    })
    expect(agyDriver.resume(ID, aWish({ model: 'm' }))).toEqual({
      args: ['--conversation', ID, '--log-file', logFile, '--model', 'm'],
      id: ID,
      logFile,
    })
  })

  it('with an id it does not know begins another conversation: only its record proves a resume', () => {
    expect(agyDriver.resumeProof).toBe('record')
    expect(agyDriver.notFound?.test(`warning: conversation "${ID}" not found`)).toBe(true)
  })

  const rule = '─'.repeat(60)
  it.each([
    ['empty', `done\n${rule}\n> \n${rule}\n? for shortcuts`, { kind: 'empty' }],
    ['with a hint', `${rule}\n> \x1b[2mAsk me\x1b[0m\n${rule}\n? for shortcuts`, { kind: 'empty' }],
    ['with a draft', `${rule}\n> one\n  two\n${rule}\n? for shortcuts`, { kind: 'draft', text: 'one\n  two' }],
    ['not there', '> quoted\nRun this command?', { kind: 'none' }],
  ])('its input line is %s', (_name, screen, expected) => {
    expect(agyDriver.input(screenLines(screen))).toEqual(expected)
  })

  it('its transcript tells what the user said, also before the id was known', async () => {
    const line = (type: string, content: string) => `${JSON.stringify({ step_index: 0, type, content })}\n`
    const path = world.write(
      `.gemini/antigravity-cli/brain/${ID}/.system_generated/logs/transcript.jsonl`,
      line('USER_INPUT', '<USER_REQUEST>\nbefore\n</USER_REQUEST>'),
    )
    const look = aLook({ agent: anAgent(['agy', '--conversation', ID]) })
    const mark = await agyDriver.recordMark(look, ID, world.context())
    appendFileSync(path, line('PLANNER_RESPONSE', 'x') + line('USER_INPUT', 'after\nall'))
    expect(await agyDriver.messagesSince(mark, look, ID, world.context())).toEqual([
      { text: 'after\nall', kind: 'delivered' },
    ])
    const all = await agyDriver.messagesSince(undefined, look, undefined, world.context())
    expect(all?.map(({ text }) => text)).toEqual(['before', 'after\nall'])
  })

  it('without a transcript nothing is told', async () => {
    expect(await agyDriver.recordMark(aLook(), ID, world.context())).toBeUndefined()
    expect(await agyDriver.messagesSince(undefined, aLook(), ID, world.context())).toBeUndefined()
  })
})
