import { expect, test } from 'vitest'
import { stateFromScreen } from '#lib/agents/screen.ts'
import { proveScreens } from '../../tools/proof/screens.ts'
import { tried } from './tried.ts'

const proved = (read?: typeof stateFromScreen) => tried(wish => proveScreens(wish, read), { seed: 7, count: 3000 })

test('no screen, captured, drawn, cut or with a draft, is taken for another state than its agent is in', async () => {
  const { wrongs, result } = await proved()
  expect(wrongs).toEqual([])
  expect(result.tried['whole']).toBeGreaterThan(70)
  expect(result.figures['right']).toBeGreaterThan(2000)
})

test.each<[string, typeof stateFromScreen, RegExp]>([
  [
    'takes an input line for rest before it looks for work',
    (text, marks) => stateFromScreen(text, marks.toReversed()),
    /it is working, and was called idle/,
  ],
  ['finds nothing', () => undefined, /nothing was seen/],
  [
    'believes questions anywhere on the screen',
    (text, marks) =>
      /Do you want to proceed/.test(text) ? { state: 'waiting', source: 'screen' } : stateFromScreen(text, marks),
    /it is (?:resting|working), and was called waiting/,
  ],
])('a build that %s is caught', async (_what, read, expected) => {
  const { wrongs } = await proved(read)
  expect(wrongs.map(({ what }) => what).join('\n')).toMatch(expected)
})
