/** One call of `hermes`: bounded, whatever the program does. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { hermesIn } from '#lib/kanban/hermes.ts'
import { lives } from '../harness/processes.ts'
import { until } from '../harness/until.ts'
import { makeWorld } from '../harness/world.ts'

/** A program named `hermes` that is this script; `$WORLD` is a folder to write to. */
function fake(body: string) {
  const world = makeWorld()
  const path = join(world.bin, 'hermes')
  writeFileSync(path, `#!/bin/sh\nWORLD='${world.root}'\n${body}\n`)
  chmodSync(path, 0o755)
  return { world, hermes: hermesIn(world.env) }
}

it('gives what was printed, and the exit code', async () => {
  const { hermes } = fake('printf "%s|" "$@"; echo oops >&2; exit 1')
  expect(await hermes(['kanban', 'a b', '$HOME', "it's"])).toEqual({
    kind: 'exit',
    code: 1,
    stdout: "kanban|a b|$HOME|it's|",
    stderr: 'oops\n',
  })
})

it('is ended when its time is up, together with what it started', async () => {
  const { world, hermes } = fake('sleep 600 & echo $! > "$WORLD/pid"; wait')
  const began = Date.now()
  const calling = hermes([], { timeoutMs: 4000 })
  const pid = await until('its child', () => {
    const path = join(world.root, 'pid')
    return existsSync(path) && (Number(readFileSync(path, 'utf8')) || undefined)
  })
  expect(await calling).toEqual({ kind: 'timeout', ms: 4000 })
  expect(Date.now() - began).toBeLessThan(15_000)
  await until('its child has ended', () => !lives(pid))
})

it('is ended by a signal, and not even begun after it', async () => {
  const { world, hermes } = fake('echo x >> "$WORLD/begun"; sleep 600')
  const given = new AbortController()
  const calling = hermes([], { signal: given.signal })
  const begun = () => existsSync(join(world.root, 'begun')) && readFileSync(join(world.root, 'begun'), 'utf8')
  await until('its begin', () => begun() === 'x\n')
  given.abort()
  expect((await calling).kind).toBe('failed')
  expect((await hermes([], { signal: given.signal })).kind).toBe('failed')
  expect(begun()).toBe('x\n')
})

it('is not waited for by what it left behind with its pipes', async () => {
  const { world, hermes } = fake('sleep 600 & echo $! > "$WORLD/pid"; echo done')
  const began = Date.now()
  expect(await hermes([])).toMatchObject({ kind: 'exit', code: 0, stdout: 'done\n' })
  expect(Date.now() - began).toBeLessThan(15_000)
  process.kill(Number(readFileSync(join(world.root, 'pid'), 'utf8')), 'SIGKILL')
})

it('may print without end, be no program, or not be there', async () => {
  expect(await fake('yes').hermes([])).toMatchObject({
    kind: 'failed',
    message: expect.stringContaining('printed more'),
  })
  const { world, hermes } = fake('kill -9 $$')
  expect(await hermes([])).toEqual({ kind: 'failed', message: 'hermes was ended by SIGKILL' })
  chmodSync(join(world.bin, 'hermes'), 0o644)
  // The PATH's other folders hold none either.
  expect(['missing', 'failed']).toContain((await hermes([])).kind)
  expect(await hermesIn({ PATH: world.home })([])).toEqual({ kind: 'missing' })
  expect((await hermesIn(world.env)(['x'.repeat(4_000_000)])).kind).toBe('failed')
  expect((await hermesIn(world.env)(['a\0b'])).kind).toBe('failed')
})
