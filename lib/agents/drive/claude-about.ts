/** What Claude Code says of itself: its version in its pid map, its model in the answers of its transcript, how it is paid
 * in the header of its screen (2.1.197 and 2.1.329, captured). */
import { pidEntryOf } from '../claude-pid-map.ts'
import { findTranscript } from '../claude-transcripts.ts'
import { asObject, smallFile, tailOf } from '../files.ts'
import type { AgentContext, Look } from '../types.ts'
import type { About } from './types.ts'

export function claudeAbout(look: Look, id: string | undefined, screen: string, context: AgentContext): About {
  const entry = pidEntryOf(look.agent, context)
  const said = entry && asObject(smallFile(entry.path) ?? '')?.['version']
  const version = typeof said === 'string' ? said : /Claude Code v(\d[\w.-]*)/.exec(screen)?.[1]
  const model = id === undefined ? undefined : lastModel(findTranscript(id, look.cwd, context).path)
  const plan = /Claude Code v[\s\S]{0,3000}? · (API Usage Billing|Claude (?:Pro|Max|Team|Enterprise))/.exec(screen)?.[1]
  return {
    ...(version === undefined ? {} : { version }),
    ...(model === undefined ? {} : { model }),
    ...(plan === undefined ? {} : { plan }),
  }
}

/** What is listed for the model after an answer (skills, tools) can be longer than the usual tail. */
const TAIL_BYTES = 1 << 20

/** The model of the last answer; those that the program makes up itself have `<synthetic>`. */
function lastModel(path: string | undefined): string | undefined {
  if (path === undefined) return undefined
  for (const line of (tailOf(path, TAIL_BYTES) ?? '').split('\n').reverse()) {
    const entry = line.includes('"assistant"') ? asObject(line) : undefined
    if (entry?.['type'] !== 'assistant' || entry['isSidechain'] === true) continue
    const { message } = entry
    const model = typeof message === 'object' && message !== null && 'model' in message ? message.model : undefined
    if (typeof model === 'string' && model !== '<synthetic>') return model
  }
  return undefined
}
