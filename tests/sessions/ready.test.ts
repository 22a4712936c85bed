import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { geminiDriver } from '#lib/agents/drive/gemini.ts'
import { gemini } from '#lib/agents/gemini.ts'
import { awaitReady } from '#lib/sessions/ready.ts'
import { thisMachine } from '#lib/system/machine.ts'
import { end } from '../harness/processes.ts'
import { newSession, tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld } from '../harness/world.ts'

const FIXTURES = resolve(import.meta.dirname, '../fixtures/gemini-cli-0.61.0')

/** A program that recognisers take for gemini; it draws captured screens one after another. The next one stands there when
 * the first has been looked at once. */
async function readiness(...captures: string[]) {
  const world = makeWorld()
  const path = join(world.bin, 'gemini')
  const screens = captures.map(name => readFileSync(join(FIXTURES, `${name}.txt`), 'utf8').trimEnd())
  writeFileSync(
    path,
    `#!${process.execPath}
const screens = ${JSON.stringify(screens)}
const draw = () => process.stdout.write('\\x1b[2J\\x1b[H' + screens.shift().replaceAll('\\n', '\\r\\n'))
process.on('SIGUSR1', draw)
draw()
setInterval(() => {}, 1000)`,
  )
  chmodSync(path, 0o755)
  const session = newSession(world, 'lab', 'ready', world.workspace, [path])
  const { paneId, panePid, serverPid } = session
  const agent = { server: 'lab', paneId, panePid, serverPid, adapter: gemini, driver: geminiDriver }
  const machine = thisMachine(world.env)
  const shows = (screen = '') =>
    until('its screen', () =>
      tmux(world, 'lab', ['capture-pane', '-p', '-t', paneId]).includes(screen.trimEnd().split('\n').at(-1) ?? ''),
    )
  const [first, ...others] = screens
  await shows(first)
  const sleep = async (ms: number) => {
    await machine.sleep(ms)
    const next = others.shift()
    if (next === undefined) return
    end(panePid, 'SIGUSR1')
    await shows(next)
  }
  return awaitReady({ ...machine, sleep }, agent, { waitMs: 20_000 })
}

test('an input line that a question replaces a moment later is no sign that the agent is ready', async () => {
  expect(await readiness('idle-placeholder', 'trust')).toMatchObject({ kind: 'waiting', detail: 'trust' })
})

test('one that stays is', async () => {
  expect(await readiness('idle-placeholder')).toMatchObject({
    kind: 'ready',
    seen: { state: { state: 'idle' } },
  })
})
