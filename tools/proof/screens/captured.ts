/** Screens of the real programs, captured, and what their agents were doing. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Shown } from './shown.ts'

const FOLDER = join(import.meta.dirname, '../../../tests/fixtures')

/** By the name of the capture; the first that fits. What is not named here rests. */
const DOING: [RegExp, Shown['doing']][] = [
  [/^claude.*\/bypass$/, 'waiting'],
  [/\/(?:working|queued|tool-running)/, 'working'],
  // Typed while it worked.
  [/^gemini.*\/(?:completion|leave-typed)$|^opencode.*\/leave-typed$/, 'working'],
  // It has started again.
  [/\/trust-answered$/, 'resting'],
  [/\/(?:permission|trust|model-question|open-elsewhere)/, 'waiting'],
  [/\/(?:rate-limited|limit)$/, 'limited'],
]

export function captured(): Shown[] {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter(path => path.endsWith('.txt'))
  return files.toSorted().map(path => {
    const name = path.replace('/panes', '').slice(0, -'.txt'.length)
    const doing = DOING.find(([pattern]) => pattern.test(name))?.[1] ?? 'resting'
    return { name, cli: name.split('-')[0] ?? '', doing, text: readFileSync(join(FOLDER, path), 'utf8') }
  })
}
