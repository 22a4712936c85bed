import { expect, it } from 'vitest'
import { captureScreens } from '#lib/tmux/capture.ts'
import { tmuxIn } from '#lib/tmux/exec.ts'
import { newSession } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld } from '../harness/world.ts'

it('tells the screens of many panes apart, whatever numbers tmux gave them', async () => {
  const world = makeWorld()
  const panes = Array.from({ length: 12 }, (_, n) =>
    newSession(world, 'default', `s-${n}`, world.workspace, ['sh', '-c', `echo screen-${n}; exec sleep 1000`]),
  )
  const tmux = tmuxIn(world.env)
  const ids = panes.map(pane => pane.paneId)
  const screens = await until('all screens', async () => {
    const seen = await captureScreens(tmux, 'default', ids)
    return [...seen.values()].every(({ text }) => text.includes('screen-')) && seen
  })
  expect(ids.map(id => screens.get(id)?.text.trim())).toEqual(panes.map((_, n) => `screen-${n}`))
})
