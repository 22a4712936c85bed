/** `~/.claude/sessions/<pid>.json`: what every Claude Code says of itself. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pidEntry } from '#lib/agents/claude-pid-map.ts'
import { isUuid } from '#lib/agents/ids.ts'
import { adapterNamed } from '#lib/agents/table.ts'
import { type AnyProperty, property } from './border.ts'
import { jsonBytes } from './json-texts.ts'
import { AGENT, lookIn } from './machine.ts'

const FIXTURE = resolve(import.meta.dirname, '../../../tests/fixtures/claude-code-2.1.197/sessions-pid.jsonl')
const MAPS = readFileSync(FIXTURE, 'utf8')
  .trim()
  .split('\n')
  .map(line => ({ ...JSON.parse(line), pid: AGENT.pid, procStart: AGENT.start }))

export const pidMaps: AnyProperty[] = [
  property({
    border: 'pid maps',
    what: 'of a living process',
    inputs: jsonBytes(MAPS),
    share: 2,
    prepare(bytes, home) {
      mkdirSync(join(home, '.claude/sessions'), { recursive: true })
      writeFileSync(join(home, `.claude/sessions/${AGENT.pid}.json`), bytes)
    },
    run(_, home) {
      const { look, context } = lookIn(home, ['claude'])
      const entry = pidEntry(AGENT, context)
      if (entry !== undefined && !isUuid(entry.sessionId)) throw new Error('an id that is none was believed')
      const claude = adapterNamed('claude')
      const state = claude?.state?.(look, 'title', entry?.sessionId, context)
      return { value: [entry, claude?.liveId(look, context), claude?.isOnRecord?.(AGENT, context), state] }
    },
  }),
]
