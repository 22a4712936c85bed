import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readConfig } from '#lib/agents/config.ts'
import type { Driver, Wish } from '#lib/agents/drive/types.ts'
import { stateFromScreen } from '#lib/agents/screen.ts'
import { screenLines } from '#lib/tmux/ansi.ts'
import { makeWorld } from '../harness/world.ts'

const WISH: Wish = {
  folder: '/work',
  newId: '11111111-1111-4111-8111-111111111111',
  skipPermissions: false,
  logFile: '/tmp/x.log',
  hookFile: '/tmp/x.json',
  secretFile: '/tmp/x.secret',
  port: 4711,
  plain: false,
}

async function driverOf(text: string): Promise<Driver | undefined> {
  const path = join(makeWorld().home, 'config.yaml')
  writeFileSync(path, text)
  return (await (await readConfig(path)).drivers())[0]
}

it('an agent that does not say how it is started cannot be driven', async () => {
  expect(await driverOf('agents: { mybot: {} }\n')).toBeUndefined()
})

it('an agent of the config is started with its words, each an argument of its own', async () => {
  const driver = await driverOf(`agents:
  mybot:
    program: my-bot
    start: [--session, "{id}", "--dir={folder}", "{log}", "{port}", "{other}", "a b; c"]
    model: [--model, "{model}"]
    skip_permissions: [--yes]
`)
  const launch = driver?.start({ ...WISH, model: 'big', skipPermissions: true })
  expect(driver?.programs).toEqual(['my-bot'])
  expect(launch).toEqual({
    args: [
      '--session',
      WISH.newId,
      '--dir=/work',
      '/tmp/x.log',
      '4711',
      '{other}',
      'a b; c',
      '--model',
      'big',
      '--yes',
    ],
    id: WISH.newId,
    logFile: '/tmp/x.log',
  })
  expect(driver?.skipRefusal).toBeUndefined()
})

it('what it does not say it cannot do', async () => {
  const driver = await driverOf('agents: { mybot: { start: [] } }\n')
  expect(driver?.start(WISH)).toEqual({ args: [] })
  expect(driver?.canResume).toBe(false)
  expect(driver?.fork).toBeUndefined()
  expect(driver?.skipRefusal?.({}, 0)).toContain('skip_permissions')
  expect(driver?.input(screenLines('> '))).toEqual({ kind: 'none' })
})

it('reads what stands in its input line, and takes a hint for nothing', async () => {
  const driver = await driverOf(`agents: { mybot: { start: [], input: '^> ?(.*)$', resume: ["-r", "{id}"] } }\n`)
  expect(driver?.resume('abc', WISH)).toEqual({ args: ['-r', 'abc'], id: 'abc' })
  expect(driver?.input(screenLines('hello\n> '))).toEqual({ kind: 'empty' })
  expect(driver?.input(screenLines('> \x1b[2mask me\x1b[0m'))).toEqual({ kind: 'empty' })
  expect(driver?.input(screenLines('> half a thought'))).toEqual({ kind: 'draft', text: 'half a thought' })
})

it('an input line that shows nothing behind its sign is empty, and says idle', async () => {
  const path = join(makeWorld().home, 'config.yaml')
  writeFileSync(
    path,
    `agents: { mybot: { start: [], input: '^> (.*)$', screen: [{ state: idle, pattern: '^> ' }] } }\n`,
  )
  const config = await readConfig(path)
  const [driver] = await config.drivers()
  expect(driver?.input(screenLines('hello\n>'))).toEqual({ kind: 'empty' })
  expect(stateFromScreen('hello\n>\n', config.adapters[0]?.screen ?? [])?.state).toBe('idle')
})

it('a text of several lines is typed only where the config says that it is taken as one', async () => {
  expect((await driverOf('agents: { mybot: { start: [] } }\n'))?.takesLines).toBe(false)
  expect((await driverOf('agents: { mybot: { start: [], multiline: true } }\n'))?.takesLines).toBe(true)
})
