/** In a small pane what tells of work may be out of sight: that an agent rests is then not to be told from its screen. */
import { test } from 'vitest'
import { jsonOf, run } from '../harness/command.ts'
import { liveWorld } from '../harness/live-create.ts'
import { made } from '../harness/talking.ts'
import { tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'

interface View {
  sessions: { name: string; state: string | null }[]
}

test('an agent that rests is idle in a large pane, and not known in a small one', async () => {
  const world = liveWorld()
  const { name } = await made(world, 'gemini')
  const stateIs = async (...states: string[]) =>
    until(`${name} ${states}`, async () => {
      const { sessions } = jsonOf<View>(await run(world, 'agent-sessions', ['status', '--json']))
      return states.includes(sessions.find(session => session.name === name)?.state ?? '')
    })
  await stateIs('idle')
  for (const [columns, rows] of [
    ['39', '30'],
    ['90', '9'],
  ] as const) {
    tmux(world, 'default', ['resize-window', '-t', `=${name}:`, '-x', columns, '-y', rows])
    // What is not known of a young process is that it starts.
    await stateIs('unknown', 'starting')
    tmux(world, 'default', ['resize-window', '-t', `=${name}:`, '-x', '90', '-y', '30'])
    await stateIs('idle')
  }
})
