/** What Codex says of itself: in its rollout (0.169.0: `session_meta`, `turn_context`, `rate_limits`), else in the header
 * of its screen. */
import { findRollout } from '../codex-rollouts.ts'
import { asObject, tailOf } from '../files.ts'
import type { AgentContext, Look } from '../types.ts'
import { headOf } from './line-record.ts'
import type { About } from './types.ts'

type Json = Record<string, unknown>

export function codexAbout(_look: Look, id: string | undefined, screen: string, context: AgentContext): About {
  const path = id === undefined ? undefined : findRollout(id, context).path
  const isReadable = path?.endsWith('.jsonl') ?? false
  const head = isReadable ? (headOf(path as string) ?? '') : ''
  const tail = isReadable ? (tailOf(path as string, 256 << 10) ?? '') : ''
  const header = /OpenAI Codex \(v(\d[\w.-]*)\)/.exec(screen)?.[1]
  return withoutGaps({
    // The first line is long (it holds the instructions); what is asked for stands before them.
    version: /"cli_version":"([^"\\]{1,40})"/.exec(head)?.[1] ?? header,
    provider: /"model_provider":"([^"\\]{1,80})"/.exec(head)?.[1],
    model: lastText(tail, '"turn_context"', payload => payload['model']),
    plan: lastText(tail, '"plan_type"', payload => asJson(payload['rate_limits'])['plan_type']),
  })
}

/** The text in the last line that holds the mark. */
function lastText(tail: string, mark: string, pick: (payload: Json) => unknown): string | undefined {
  const line = tail.split('\n').findLast(candidate => candidate.includes(mark))
  const text = line === undefined ? undefined : pick(asJson(asObject(line)?.['payload']))
  return typeof text === 'string' ? text : undefined
}

function asJson(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {}
}

function withoutGaps(about: { [key in keyof About]: string | undefined }): About {
  return Object.fromEntries(Object.entries(about).filter(([, value]) => value !== undefined))
}
