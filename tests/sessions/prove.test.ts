/** What shows that an agent is in the conversation that was asked for, what shows that it is not, and what neither. */
import { expect, test } from 'vitest'
import type { IdEvidence } from '#lib/agents/types.ts'
import { proveConversation } from '#lib/sessions/prove.ts'
import type { Up } from '#lib/sessions/up.ts'
import type { Machine } from '#lib/system/machine.ts'
import { uuid } from '../harness/agents.ts'

const [ASKED, OTHER] = [uuid(1), uuid(2)]

/** Another look would be needed: one answers here what must be told at the first. */
const AT_ONCE = {
  sleep: () => Promise.reject(new Error('it was not told at once')),
} as unknown as Machine

interface Came {
  live?: [id: string, source: IdEvidence['source']]
  /** What it asks. */
  asks?: string
  screen?: string
  driver?: object
}

function up({ live, asks, screen = '', driver = {} }: Came): Up {
  const id = live ? { kind: 'id', evidence: { id: live[0], source: live[1], detail: '' } } : { kind: 'none' }
  const ready = { kind: asks ? 'waiting' : 'ready', detail: asks, seen: { screen, id } }
  return { agent: { adapter: { name: 'codex' }, driver }, ready } as unknown as Up
}

test.each<[string, Came, string]>([
  ['its own record shows it', { live: [ASKED, 'pid map'] }, 'proved'],
  ['its record shows it while it asks', { live: [ASKED, 'open lock'], asks: 'trust' }, 'proved'],
  ['it asks first', { asks: 'trust' }, 'asks first'],
  ['it was told so, and asks first', { live: [ASKED, 'launch id'], asks: 'trust' }, 'asks first'],
  ['it stays, where that is all the proof there is', { driver: { resumeProof: 'stays' } }, 'proved'],
])('it is: %s', async (_, came, proof) => {
  expect(await proveConversation(AT_ONCE, up(came), ASKED)).toBe(proof)
})

test.each<[string, Came]>([
  ['its own record shows another', { live: [OTHER, 'pid map'] }],
  ['its record shows another while it asks', { live: [OTHER, 'hook record'], asks: 'trust' }],
  ['its arguments are others than ours', { live: [OTHER, 'launch id'], driver: { resumeProof: 'stays' } }],
  ['it says that there is none', { screen: 'No conversation found', driver: { notFound: /^No conversation/m } }],
  [
    'it says so, whatever it was told',
    { live: [ASKED, 'launch id'], screen: 'none', driver: { notFound: /none/, resumeProof: 'stays' } },
  ],
  ['it says that somebody else is in it', { live: [ASKED, 'launch id'], asks: 'open elsewhere' }],
])('it is not: %s', async (_, came) => {
  await expect(proveConversation(AT_ONCE, up(came), ASKED)).rejects.toMatchObject({ code: 'another-conversation' })
})

test.each<[string, Came]>([
  ['what it was told at its start', { live: [ASKED, 'launch id'] }],
  ['the only file that could be its', { live: [ASKED, 'single candidate'] }],
  ['nothing', {}],
])('it is looked at again where only this speaks for it: %s', async (_, came) => {
  await expect(proveConversation(AT_ONCE, up(came), ASKED)).rejects.toThrow('not told at once')
})
