/** Wrong states: captured screens of the real programs and drawn ones of the stand-ins, whole, cut, and with a person's draft. */
import { isToldIn, type stateFromScreen as Reader, stateFromScreen } from '#lib/agents/screen.ts'
import { adapters } from '#lib/agents/table.ts'
import { overUntil } from './many.ts'
import type { Part, PartResult, Wish } from './part.ts'
import { captured } from './screens/captured.ts'
import { cut, withDraft } from './screens/changed.ts'
import { drawn } from './screens/drawn.ts'
import { fault, type Shown } from './screens/shown.ts'
import { pick, randomFrom } from './texts.ts'

const LEAST = 2000

export const screens: Part = {
  name: 'screens',
  claim: 'no screen is taken for a state that its agent is not in, and one that works is never called idle',
  seconds: 2,
  run: wish => proveScreens(wish),
}

/** @param read tells the state of a screen. */
export async function proveScreens(wish: Wish, read: typeof Reader = stateFromScreen): Promise<PartResult> {
  const all = captured()
  const marks = new Map(adapters.map(({ name, screen }) => [name, screen]))
  const seen = { whole: 0, cut: 0, 'with a draft': 0, drawn: 0 }
  const answers = { right: 0, unknown: 0, wrong: 0 }
  let slowestMs = 0
  const judge = (kind: keyof typeof seen, shown: Shown, how: string, size?: { columns: number; rows: number }) => {
    seen[kind]++
    const began = performance.now()
    const shownState = read(shown.text, marks.get(shown.cli) ?? [])
    const sight = shownState && (size === undefined || isToldIn(size, shownState)) ? shownState : undefined
    slowestMs = Math.max(slowestMs, performance.now() - began)
    const isWhole = kind === 'whole' || kind === 'drawn'
    const what = fault(shown, sight?.state, isWhole)
    answers[what !== undefined ? 'wrong' : sight === undefined ? 'unknown' : 'right']++
    if (what !== undefined)
      wish.wrong({ what: `${shown.cli}: ${what}`, evidence: `${shown.name}${how}; --seed ${wish.seed}\n${shown.text}` })
  }
  for (const shown of all) judge('whole', shown, '')
  const done = () => seen.cut + seen['with a draft'] + seen.drawn
  const isOver = overUntil(wish, LEAST, done)
  for (let number = 0; !isOver(); number++) {
    const random = randomFrom(wish.seed * 1_000_003 + number)
    const own = drawn(random)
    judge('drawn', own, '')
    for (const shown of [pick(random, all), own]) {
      const piece = cut(shown, random)
      judge('cut', piece.shown, piece.how, piece.size)
      const drafted = withDraft(shown, random)
      if (drafted) judge('with a draft', drafted, ', with a draft')
    }
    if (number % 200 === 0) {
      wish.onProgress(`${done()} screens`)
      await new Promise(resolve => setImmediate(resolve))
    }
  }
  return {
    tried: { screens: done() + seen.whole, ...seen },
    figures: { ...answers, 'slowest ms': Math.round(slowestMs * 10) / 10 },
    notTried: ['status lines quoted in conversations and drafts, except of Claude Code: they are taken for work'],
  }
}
