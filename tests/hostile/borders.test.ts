/** Each border with a few hostile inputs; `npm run proof` tries thousands. */
import { mkdtempSync, rmSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BORDERS } from '../../tools/proof/hostile/borders.ts'
import { checkProperty } from '../../tools/proof/hostile/check.ts'

/** More than CI takes: AGENT_SESSIONS_FUZZ=2000 npx vitest run tests/hostile/borders.test.ts */
const FUZZ = process.env['AGENT_SESSIONS_FUZZ']
const LIMITS =
  FUZZ === undefined ? { seed: 20_261_121, runs: 25, ms: 150 } : { seed: Date.now() % 1e9, runs: Number(FUZZ) }

let root = ''
beforeAll(() => {
  root = mkdtempSync('/tmp/as-borders-')
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

test.each(BORDERS.map(property => [`${property.border}: ${property.what}`, property] as const))(
  'hostile input does no harm: %s',
  { timeout: FUZZ === undefined ? 30_000 : 3_600_000 },
  async (_, property) => {
    const { tried, wrong } = await checkProperty(property, { ...LIMITS, root })
    expect(wrong).toBeUndefined()
    expect(tried).toBeGreaterThan(0)
  },
)
