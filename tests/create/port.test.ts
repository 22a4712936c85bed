/** A port is chosen before its agent can take it: somebody else may have it by then. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { agrees, create, journalOf, launchFiles, liveWorld, refused, seen } from '../harness/live-create.ts'
import { rowsOf } from '../harness/rows.ts'
import type { World } from '../harness/world.ts'

/** An opencode that comes to its port when somebody else has it, the first so many times. */
function portIsTaken(world: World, times: number): void {
  const real = join(world.root, 'real')
  mkdirSync(real)
  renameSync(join(world.bin, 'opencode'), join(real, 'opencode'))
  const listen = `const [port, path] = process.argv.slice(2)
require('node:net').createServer().listen(port, '127.0.0.1', () => require('node:fs').writeFileSync(path, ''))`
  writeFileSync(join(real, 'listen.cjs'), listen)
  const script = `#!/bin/sh
case "$*" in *--port*)
  port=\${*##*--port }; port=\${port%% *}
  echo "$port" >> '${real}/ports'
  if [ "$(wc -l < '${real}/ports')" -le ${times} ]; then
    setsid '${process.execPath}' '${real}/listen.cjs' "$port" "${real}/$port" > /dev/null 2>&1 &
    until [ -e "${real}/$port" ]; do sleep 0.05; done
  fi;;
esac
exec '${real}/opencode' "$@"
`
  writeFileSync(join(world.bin, 'opencode'), script, { mode: 0o755 })
}

test('an agent whose port another took before it could: it gets another one', async () => {
  const world = liveWorld()
  portIsTaken(world, 1)
  const made = await create(world, ['--agent', 'opencode', '--prompt', 'hello'])
  expect(made).toMatchObject({ created: true, prompt: { outcome: 'delivered' } })
  expect(seen(world)).toHaveLength(1)
  expect(journalOf(world, 'exit').map(({ why }) => why)).toEqual([expect.stringContaining('EADDRINUSE')])
  await agrees(world)
})

test('not for ever: its last words are told', async () => {
  const world = liveWorld()
  portIsTaken(world, 1000)
  const error = await refused(world, ['create', '--agent', 'opencode'], 1)
  expect(error).toMatchObject({ code: 'agent-ended', message: expect.stringContaining('EADDRINUSE') })
  expect(journalOf(world, 'exit')).toHaveLength(3)
  expect([seen(world), rowsOf(world), launchFiles(world)]).toEqual([[], [], []])
})
