import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { World } from './world.ts'

/** The environment of a command for which it is this second since the epoch, however long it takes. */
export function atSecond(world: World, second: number): Record<string, string> {
  const script = join(world.root, `at-${second}.cjs`)
  writeFileSync(
    script,
    `const real = Date
    const now = ${second * 1000}
    globalThis.Date = new Proxy(real, {
      construct: (target, words) => (words.length === 0 ? new target(now) : new target(...words)),
    })
    real.now = () => now`,
  )
  return { NODE_OPTIONS: `--require ${script}` }
}
