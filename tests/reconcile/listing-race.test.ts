/** A listing cannot know what came after it: a row that was saved since is not judged by it. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { jsonOf, type Report, run } from '../harness/command.ts'
import { fakeTmux } from '../harness/fake-tmux.ts'
import { withoutFakes } from '../harness/monitor.ts'
import { kindsOf } from '../harness/passes.ts'
import { fullRow, legacyRow, rowOf, writeRegistry } from '../harness/rows.ts'
import { CLAUDE, claudeSession } from '../harness/sessions.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'

/** Loaded into the command: the registry is not opened before the file `go` is there, so that the moment between listing
 * and reading, which is short, lasts as long as the test needs. */
function gate(world: World): { env: Record<string, string>; open(): void } {
  const [script, go] = [join(world.root, 'gate.cjs'), join(world.root, 'go')]
  writeFileSync(
    script,
    `const fs = require('node:fs')
    const { openSync } = fs
    fs.openSync = (path, ...rest) => {
      const cell = new Int32Array(new SharedArrayBuffer(4))
      if (path === ${JSON.stringify(world.registry)})
        for (let i = 0; i < 1000 && !fs.existsSync(${JSON.stringify(go)}); i++) Atomics.wait(cell, 0, 0, 10)
      return openSync(path, ...rest)
    }`,
  )
  return { env: { NODE_OPTIONS: `--require ${script}` }, open: () => writeFileSync(go, '') }
}

test.each([
  ['a row with its session identity', fullRow],
  ['a row of an older tool', legacyRow],
])('%s that was saved after the listing was made is not taken for gone', async (_, rowFor) => {
  const world = makeWorld()
  const server = 'default'
  claudeSession(world, { server, name: 'keeper' })
  writeRegistry(world, [])
  // The first answer is half a second old when it comes.
  const firstOnly = `[ -e "$WORLD/listed" ] && exec "$REAL" "$@"`
  const stale = `"$REAL" "$@" > "$WORLD/answer"; : > "$WORLD/listed"; sleep 0.5; cat "$WORLD/answer"`
  fakeTmux(world, `${firstOnly}\n${stale}`)
  const { env, open } = gate(world)

  const ran = run(world, 'reconcile', ['--once', '--emit-diff'], { env })
  await until('the listing', () => existsSync(join(world.root, 'listed')))
  writeRegistry(world, [rowFor(claudeSession(withoutFakes(world), { server }))])
  open()

  const report = jsonOf<Report>(await ran)
  expect(kindsOf(report)).toEqual([])
  expect(rowOf(world, CLAUDE)['status']).toBe('running')
  expect(report.tmux_sessions_alive).toContain(`${CLAUDE}|${server}`)
})
