import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { projectFolders } from '#lib/agents/claude-transcripts.ts'
import type { Adapter, IdSight } from '#lib/agents/types.ts'
import { runPass } from '#lib/reconcile/pass.ts'
import { proveAttributions } from '../../tools/proof/attributions.ts'
import { tried } from './tried.ts'

type PassUnderProof = NonNullable<Parameters<typeof proveAttributions>[1]>

const proved = (pass?: PassUnderProof, count = 150) => tried(wish => proveAttributions(wish, pass), { seed: 7, count })

/** The real pass with adapters that were changed. */
const withAdapters =
  (change: (adapter: Adapter) => Adapter): PassUnderProof =>
  (machine, options, ...rest) =>
    runPass(machine, { ...options, adapters: options.adapters.map(change) }, ...rest)

test('no row gets another agent’s conversation, and what agents say is on record', { timeout: 120_000 }, async () => {
  const { wrongs, result } = await proved()
  expect(wrongs).toEqual([])
  expect(result.tried['attributions']).toBeGreaterThanOrEqual(150)
  expect(result.figures['right']).toBeGreaterThan(30)
})

const newest: Adapter['liveId'] = (look, context): IdSight => {
  const files = projectFolders(look.cwd, context).flatMap(folder => {
    try {
      return readdirSync(folder).map(name => join(folder, name))
    } catch {
      return []
    }
  })
  const [path] = files.toSorted((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)
  const id = path && /([^/]+)\.jsonl$/.exec(path)?.[1]
  return id ? { kind: 'id', evidence: { id, source: 'pid map', detail: path } } : { kind: 'none' }
}

test.each<[string, PassUnderProof, RegExp]>([
  [
    'takes the newest transcript of the folder',
    withAdapters(adapter => (adapter.name === 'claude' ? { ...adapter, liveId: newest } : adapter)),
    /a conversation that is not its agent's/,
  ],
  [
    'believes a launch id without asking whether it is of this start',
    withAdapters(adapter => ({
      ...adapter,
      liveId: (look, context) => adapter.liveId({ ...look, sessionCreated: Number.MAX_SAFE_INTEGER }, context),
    })),
    /a conversation that (?:is not its agent's|its agent never was in)|does not/,
  ],
  [
    'finds nothing',
    withAdapters(adapter => ({ ...adapter, liveId: () => ({ kind: 'none' }) })),
    /says which conversation it is in, and its row does not/,
  ],
])('a build that %s is caught', { timeout: 120_000 }, async (_what, pass, expected) => {
  const { wrongs } = await proved(pass, 500)
  expect(wrongs.map(({ what }) => what).join('\n')).toMatch(expected)
})
