import { expect, test } from 'vitest'
import { proveIds } from '../../tools/proof/ids.ts'

test("a twentieth of the proof of ids: no row holds another agent's conversation", { timeout: 240_000 }, async () => {
  const { rows, misses } = await proveIds({ runs: 10, seed: 7 })
  expect(misses).toEqual([])
  const all = rows.at(-1)
  expect(all).toMatchObject({ agent: 'all', WRONG: 0, 'in doubt, but told': 0, 'unknown, but told': 0 })
  expect(all?.['agents']).toBeGreaterThanOrEqual(20)
  expect(all?.['right']).toBeGreaterThanOrEqual(20)
})
