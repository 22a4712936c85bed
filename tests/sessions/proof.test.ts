import { expect, test } from 'vitest'
import { proveDeliveries } from '../../tools/proof/deliveries.ts'

test('a twentieth of the proof of deliveries: each prompt arrives once, and none is believed that did not', async () => {
  const { rows, misses } = await proveDeliveries({ prompts: 50, seed: 7 })
  expect(misses).toEqual([])
  expect(rows.at(-1)).toMatchObject({ agent: 'all', prompts: 50, 'arrived once': 50 })
}, 240_000)
