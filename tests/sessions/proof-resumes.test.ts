import { expect, test } from 'vitest'
import { proveResumes } from '../../tools/proof/resumes.ts'

test('a round of the proof of resumes: after a reboot each is back in its own conversation, or has a reason', {
  timeout: 240_000,
}, async () => {
  const { rows, misses } = await proveResumes({ rounds: 1, seed: 7 })
  expect(misses).toEqual([])
  expect(rows.at(-1)).toMatchObject({
    agent: 'all',
    sessions: 20,
    resumable: 14,
    'back in its own': 14,
    'not resumable': 6,
    'with its reason': 6,
  })
})
