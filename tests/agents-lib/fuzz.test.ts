/** Whatever stands in an agent's files: no error, no hang, and no id that is none. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { claude } from '#lib/agents/claude.ts'
import { codex } from '#lib/agents/codex.ts'
import { gemini } from '#lib/agents/gemini.ts'
import { isUuid } from '#lib/agents/ids.ts'
import { stateFromScreen } from '#lib/agents/screen.ts'
import { adapters } from '#lib/agents/table.ts'
import { parseStat } from '#lib/system/processes-linux.ts'
import { parseFiles, parseTable } from '#lib/system/processes-mac.ts'
import { aLook, anAgent, fixture, ID, PROCESS, processesOf, World } from './world.ts'

let world: World
beforeAll(() => (world = new World()))
afterAll(() => world.close())

const RUNS = { numRuns: 300 }
const hostile = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.json(),
  fc.uint8Array({ maxLength: 400 }).map(bytes => Buffer.from(bytes).toString('latin1')),
)
/** A captured text with a piece of it put elsewhere, doubled or lost. */
const mangled = (text: string) =>
  fc.tuple(fc.nat(text.length), fc.nat(300), fc.nat(text.length), hostile).map(([from, size, to, extra]) => {
    const piece = text.slice(from, from + size)
    const rest = text.slice(0, from) + text.slice(from + size)
    return rest.slice(0, to) + piece + extra + rest.slice(to)
  })
const context = () => world.context({}, processesOf())

describe('whatever stands in', () => {
  it('a pid map, the id is a UUID of a live process or none', () => {
    const captured = fixture('sessions-pid.jsonl').split('\n')[0] ?? ''
    const entry = fc.record(
      {
        pid: fc.oneof(fc.constant(PROCESS.pid), fc.anything()),
        sessionId: fc.oneof(fc.uuid(), fc.anything()),
        procStart: fc.oneof(fc.constant(PROCESS.start), fc.anything()),
        status: fc.anything(),
        waitingFor: fc.anything(),
      },
      { requiredKeys: [] },
    )
    const text = fc.oneof(
      hostile,
      mangled(captured),
      entry.map(value => JSON.stringify(value) ?? ''),
    )
    fc.assert(
      fc.property(text, content => {
        world.write(`.claude/sessions/${PROCESS.pid}.json`, content)
        const sight = claude.liveId(aLook(), context())
        expect(sight.kind === 'none' || (sight.kind === 'id' && isUuid(sight.evidence.id))).toBe(true)
        claude.state?.(aLook(), '', undefined, context())
      }),
      RUNS,
    )
  })

  it('a transcript, it holds a turn, none, or nobody knows', () => {
    const captured = fixture('transcript-with-messages.jsonl')
    fc.assert(
      fc.property(fc.oneof(hostile, mangled(captured)), content => {
        world.write(`.claude/projects/-x/${ID}.jsonl`, content)
        world.write(`.codex/sessions/2025/11/19/rollout-x-${ID}.jsonl`, content)
        world.write(`.gemini/tmp/x/chats/session-2026-11-21T02-39-${ID.slice(0, 8)}.jsonl`, content)
        for (const adapter of [claude, codex, gemini]) {
          const { state, turn } = adapter.artifact(ID, '/x', context())
          expect(['present', 'absent', 'unknown']).toContain(state)
          expect(['yes', 'no', 'unknown']).toContain(turn)
        }
        codex.state?.(aLook(), 'fresh', ID, context())
      }),
      RUNS,
    )
  })

  it('arguments, titles and ids, every adapter answers', () => {
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 5 }), hostile, hostile, (argv, title, id) => {
        for (const adapter of adapters) {
          adapter.isAgent(PROCESS, argv)
          const look = aLook({ agent: anAgent(argv), launchId: id, logFile: `/nowhere/${id}`, cwd: title })
          adapter.liveId(look, context())
          adapter.candidateId?.(look, { takenIds: new Set(), sameFolder: 0 }, context())
          adapter.state?.(look, title, id, context())
          adapter.artifact(id, title, context())
        }
      }),
      { numRuns: 100 },
    )
  })

  it('a screen, a state is told or none', () => {
    const captured = ['working', 'permission', 'rate-limited'].map(pane => mangled(fixture(`panes/${pane}.txt`)))
    fc.assert(
      fc.property(fc.oneof(hostile, ...captured), text => {
        for (const { screen } of adapters) stateFromScreen(text, screen)
      }),
      RUNS,
    )
  })

  it('what /proc, ps and lsof say', () => {
    fc.assert(
      fc.property(hostile, text => {
        parseStat(text)
        parseTable(text)
        parseFiles(text)
      }),
      RUNS,
    )
  })
})
