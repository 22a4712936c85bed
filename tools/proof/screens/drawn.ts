/** Screens as the stand-ins of every CLI draw them, of any size and in every state, with a draft or without. */

import { drawAgy } from '../../../tests/agents/agy-screen.ts'
import type { App } from '../../../tests/agents/app.ts'
import { drawClaude } from '../../../tests/agents/claude-screen.ts'
import { drawCodex } from '../../../tests/agents/codex-screen.ts'
import { drawGemini, trustChoices } from '../../../tests/agents/gemini-screen.ts'
import type { Question, Said, Status } from '../../../tests/agents/kind.ts'
import { drawOpencode } from '../../../tests/agents/opencode-screen.ts'
import type { Size } from '../../../tests/agents/terminal.ts'
import { pick, type Random } from '../texts.ts'
import { draftOf, talkOf } from './drafts.ts'
import type { Shown } from './shown.ts'

const DRAW = { claude: drawClaude, codex: drawCodex, gemini: drawGemini, opencode: drawOpencode, agy: drawAgy }
type Cli = keyof typeof DRAW
const CLIS = Object.keys(DRAW) as Cli[]

const PERMISSION: Record<Cli, string[]> = {
  claude: ['Yes', 'Yes, and don’t ask again', 'No'],
  codex: ['Yes, proceed (y)', 'No (esc)'],
  gemini: ['Allow once', 'Allow for this session', 'No (esc)'],
  opencode: ['Allow once', 'Allow always', 'Reject'],
  agy: ['Allow once', 'Allow always', 'Deny'],
}
const TRUST: Record<Cli, string[] | undefined> = {
  claude: ['Yes, I trust this folder', 'No, exit'],
  codex: ['Trust and continue', 'Quit'],
  gemini: trustChoices(),
  opencode: undefined,
  agy: ['Yes, I trust this folder', 'No'],
}

/** One screen by these random numbers. The sizes are those in which the programs draw whole lines. */
export function drawn(random: Random): Shown {
  const cli = pick(random, CLIS)
  const size: Size = { columns: 60 + Math.floor(random() * 180), rows: 18 + Math.floor(random() * 60) }
  const doing = pick(random, ['resting', 'working', 'working', 'waiting'] as const)
  const about =
    doing === 'waiting'
      ? pick(random, TRUST[cli] ? (['permission', 'trust'] as const) : (['permission'] as const))
      : undefined
  const choices = about === 'trust' ? TRUST[cli] : PERMISSION[cli]
  const question = about && choices ? { about, choices, marked: Math.floor(random() * choices.length) } : undefined
  const status: Status = doing === 'working' ? 'busy' : doing === 'waiting' ? 'waiting' : 'idle'
  const hasTalk = random() < 0.8
  const said: Said[] = hasTalk
    ? Array.from({ length: 1 + Math.floor(random() * 8) }, () => ({
        by: pick(random, ['user', 'agent', 'agent'] as const),
        text: talkOf(random, cli),
      }))
    : []
  const queue = doing === 'working' && random() < 0.3 ? [{ text: draftOf(random, cli), recorded: '' }] : []
  const text = random() < 0.5 ? draftOf(random, cli) : ''
  const shown = {
    question: question as Question | undefined,
    isReady: true,
    said,
    status,
    isShell: false,
    hint: '',
    review: '',
    completed: undefined,
    composer: { shown: text, text },
    turns: { queue, spinner: Math.floor(random() * 40), busySince: Date.now() - Math.floor(random() * 600_000) },
  } as unknown as App
  const lines = DRAW[cli](shown, size).slice(-size.rows)
  const name = `${cli}, ${doing}${about ? ` (${about})` : ''}, ${size.columns}x${size.rows}, draft ${JSON.stringify(text)}`
  return { name, cli, doing, text: lines.map(line => plain(line).slice(0, size.columns).trimEnd()).join('\n') }
}

const plain = (line: string) => line.replaceAll(/\x1b\[[\d;?]*[A-Za-z]/g, '')
