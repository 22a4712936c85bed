/** A title says that an agent rests, its screen that it works: which is believed, by the size of the pane. */
import { expect, test } from 'vitest'
import { adapterNamed } from '#lib/agents/table.ts'
import { addSlowStates } from '#lib/reconcile/screens.ts'
import type { AgentSight, Observation } from '#lib/reconcile/sights.ts'
import type { Machine } from '#lib/system/machine.ts'

const WORKING = '• Working (4s • esc to interrupt)\n\n› Ask Codex to do anything\n\n  ? for shortcuts · 3% used\n'
const RESTING = '› Ask Codex to do anything\n\n  ? for shortcuts · 3% used\n'
const IDLE = { state: 'idle', source: 'title' } as const

/** The state of a codex whose title and whose screen are these, in a pane of this size. */
async function stateOf(screen: string, size: string, title: AgentSight['state']) {
  const adapter = adapterNamed('codex')
  const agent = {
    found: 'found',
    adapter,
    pane: { id: '%1' },
    id: { kind: 'none' },
    ...(title ? { state: title } : {}),
  } as AgentSight
  const tmux = async (_server: string, args: string[]) => {
    const cut = /cut-[0-9a-f-]+/.exec(args.join(' '))?.[0]
    return { kind: 'exit', code: 0, stdout: Buffer.from(`${screen}${cut} ${size}\n`), stderr: '' }
  }
  const row = { name: 'lab-creator-codex', status: 'running' }
  const observation = { rows: new Map([['x', { row, agent }]]), strays: [] } as unknown as Observation
  await addSlowStates({ tmux } as unknown as Machine, observation)
  return agent.state
}

test.each<[string, string, AgentSight['state'], string | undefined]>([
  [WORKING, '90 30', IDLE, 'working'],
  [WORKING, '90 30', undefined, 'working'],
  [WORKING, '39 30', IDLE, undefined],
  [WORKING, '90 9', IDLE, undefined],
  [WORKING, '90 9', undefined, undefined],
  [RESTING, '90 30', IDLE, 'idle'],
  [RESTING, '90 30', undefined, 'idle'],
  [RESTING, '39 30', IDLE, 'idle'],
  [RESTING, '39 30', undefined, undefined],
  [RESTING, '', undefined, undefined],
])('%j in a pane of %s, title %j', async (screen, size, title, state) => {
  expect((await stateOf(screen, size, title))?.state).toBe(state)
})
