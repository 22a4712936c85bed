/** What Gemini CLI says of itself: the model in its last answer's line, the version in the banner while it can be seen. */
import { asObject, tailOf } from '../files.ts'
import { findChats } from '../gemini-chats.ts'
import type { AgentContext } from '../types.ts'
import type { About } from './types.ts'

/** Where the last answer stands unless a prompt of megabytes came after it. */
const TAIL_BYTES = 1 << 20

export function aboutGemini(id: string | undefined, screen: string, context: AgentContext): About {
  const version = /Gemini CLI v(\d+\.\d+\.\d+\S*)/.exec(screen)?.[1]
  const model = id === undefined ? undefined : lastModel(id, context)
  return { ...(version === undefined ? {} : { version }), ...(model === undefined ? {} : { model }) }
}

/** `{"type":"gemini","model":"gemini-…"}` (0.61.0, run). */
function lastModel(id: string, context: AgentContext): string | undefined {
  for (const path of findChats(id, { ...context }) ?? []) {
    const answers = (tailOf(path, TAIL_BYTES) ?? '').split('\n').filter(line => line.includes('"model"'))
    for (const line of answers.reverse()) {
      const entry = asObject(line)
      if (entry?.['type'] === 'gemini' && typeof entry['model'] === 'string') return entry['model']
    }
  }
  return undefined
}
