/** What keeps a card, by a clock of the test's own: when it speaks, and what it makes of every answer. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Answer, Card } from '#lib/kanban/answers.ts'
import type { CardCalls } from '#lib/kanban/calls.ts'
import { keepCard } from '#lib/kanban/keeper.ts'
import { type CardNews, NO_NEWS } from '#lib/kanban/news.ts'
import type { Report, ReportedDrift } from '#lib/reconcile/report.ts'

const START = Date.parse('2026-11-21T10:00:00Z')
const DONE: Answer = { is: 'done', stdout: '' }
const AWAY: Answer = { is: 'trouble', why: 'database is locked' }
const NO: Answer = { is: 'refused', why: 'cannot heartbeat t_1 (not running?)' }
const MINUTE = 60_000

beforeEach(() => void vi.useFakeTimers({ now: START }))
afterEach(() => void vi.useRealTimers())

interface Said {
  verb: 'heartbeat' | 'show' | 'comment' | 'block' | 'complete'
  text: string
  atSec: number
}

/** A kept card whose calls answer at once, with what the test says. */
function kept({ own = 'keeper' as string | undefined, lookMs = 30_000, before = NO_NEWS } = {}) {
  const said: Said[] = []
  const lines: string[] = []
  let isRunning = false
  let written: CardNews = before
  const state = {
    comments: [] as Card['comments'],
    status: 'running',
    /** By verb; otherwise done. */
    answers: {} as Partial<Record<Said['verb'], Answer | (() => Promise<Answer>)>>,
    hasLeft: false,
    isFileBroken: false,
  }
  const call = async (verb: Said['verb'], text: string): Promise<Answer> => {
    expect(isRunning, 'never two calls at once').toBe(false)
    isRunning = true
    said.push({ verb, text, atSec: (Date.now() - START) / 1000 })
    await new Promise(resolve => setTimeout(resolve, 10))
    const wanted = state.answers[verb] ?? DONE
    const answer = typeof wanted === 'function' ? await wanted() : wanted
    isRunning = false
    if (verb === 'comment' && answer.is === 'done') wrote('keeper', text)
    return answer
  }
  const wrote = (author: string, body: string) =>
    void state.comments.push({ author, body, created_at: Math.floor(Date.now() / 1000) })
  const calls: CardCalls = {
    clean: (text, most) => text.slice(0, most),
    comment: text => call('comment', text),
    heartbeat: text => call('heartbeat', text),
    block: text => call('block', text),
    complete: text => call('complete', text),
    async show() {
      const answer = await call('show', '')
      const card = { task: { id: 't_1', status: state.status }, comments: [...state.comments] }
      return answer.is === 'done' ? { card } : answer
    },
  }
  const keeper = keepCard({
    id: 't_1',
    calls,
    own,
    lookMs,
    file: {
      read: () => written,
      write: async news => {
        if (state.isFileBroken) throw new Error('EROFS')
        written = news
      },
    },
    now: Date.now,
    say: line => void lines.push(line),
    leave: () => {
      state.hasLeft = true
    },
  })
  return {
    ...keeper,
    state,
    wrote,
    lines,
    written: () => written,
    said: (verb: Said['verb']) => said.filter(one => one.verb === verb),
    after: (ms: number) => vi.advanceTimersByTimeAsync(ms),
    async complete(summary: string) {
      const done = keeper.complete(summary)
      await vi.advanceTimersByTimeAsync(1000)
      await done
    },
  }
}

function drift(over: Partial<ReportedDrift> = {}): ReportedDrift {
  const name = over.name ?? 'lab-creator-claude'
  const rest = { server: 'default', action: null, evidence: {}, new: true, msg: `${name}: stale` }
  return { class: 'D', kind: 'artifact-gone', name, ...rest, ...over }
}

function report(drifts: ReportedDrift[], unknown: string[] = []): Report {
  const servers = ['default', ...unknown].map(name => ({
    name,
    state: unknown.includes(name) ? ('unknown' as const) : ('alive' as const),
  }))
  const timestamp = `${new Date().toISOString().slice(0, 19)}Z`
  const rest = { yaml_path: '', dry_run: false, tmux_sessions_alive: [], tmux_confirmed: true, actions: [] }
  return { schema: 1, timestamp, servers, drifts, ...rest }
}

it('a heartbeat comes at start and every five minutes, and tells how many drifts there were and when', async () => {
  const card = kept()
  await card.after(0)
  await card.after(6 * MINUTE)
  await card.hear(report([drift()]))
  await card.after(5 * MINUTE)
  expect(card.said('heartbeat').map(({ text, atSec }) => [Math.round(atSec / 60), text])).toEqual([
    [0, 'alive, 0 drifts, last at never'],
    [5, 'alive, 0 drifts, last at never'],
    [10, 'alive, 1 drifts, last at 2026-11-21T10:06:00Z'],
  ])
})

it('eight quiet hours are heartbeats and looks, and nothing else', async () => {
  const card = kept()
  for (let pass = 0; pass < 8 * 120; pass++) {
    await card.hear(report([]))
    await card.after(30_000)
  }
  const beats = card.said('heartbeat').map(({ atSec }) => atSec)
  expect(beats.length).toBeGreaterThan(90)
  expect(beats.every((sec, n) => n === 0 || sec - beats[n - 1]! <= 301)).toBe(true)
  expect(card.said('show').length).toBeLessThanOrEqual(961)
  expect([card.said('comment'), card.lines, card.state.hasLeft]).toEqual([[], [], false])
})

it('what is new is told once, several in one comment; what stands is not told again', async () => {
  const card = kept()
  const both = [drift(), drift({ name: 'other', action: 'terminated', class: 'A', kind: 'gone' })]
  await card.hear(report(both))
  await card.after(MINUTE)
  for (let pass = 0; pass < 3; pass++) {
    await card.hear(report([drift()]))
    await card.after(MINUTE)
  }
  expect(card.said('comment').map(({ text }) => text)).toEqual([
    '2 new drifts at 2026-11-21T10:00:00Z:\n' +
      '- D artifact-gone: lab-creator-claude: stale [reported only]\n- A gone: other: stale [terminated]',
  ])
})

it('a drift that went and came again is new; one whose server was unknown meanwhile is not', async () => {
  const card = kept()
  const there = report([drift({ server: 'lab' })])
  for (const heard of [there, report([], ['lab']), there, report([]), there]) {
    await card.hear(heard)
    await card.after(MINUTE)
  }
  expect(card.said('comment')).toHaveLength(2)
})

it('what an earlier monitor told this card is not told again, and what it could not tell is', async () => {
  const first = kept()
  await first.after(0)
  await first.hear(report([drift()]))
  await first.after(MINUTE)
  first.state.answers = { comment: AWAY }
  await first.hear(report([drift(), drift({ name: 'other' })]))
  await first.after(MINUTE)
  first.stop()

  const second = kept({ before: first.written() })
  await second.hear(report([drift(), drift({ name: 'other' })]))
  await second.after(MINUTE)
  expect(second.said('comment').map(({ text }) => text)).toEqual([
    '1 new drift at 2026-11-21T10:02:00Z:\n- D artifact-gone: other: stale [reported only]',
  ])
})

it('a memory that cannot be written is said once, and nothing is told twice for it', async () => {
  const card = kept()
  card.state.isFileBroken = true
  for (let pass = 0; pass < 3; pass++) {
    await card.hear(report([drift()]))
    await card.after(MINUTE)
  }
  expect(card.said('comment')).toHaveLength(1)
  expect(card.lines).toEqual([expect.stringMatching(/cannot be kept: EROFS/)])
})

it('a burst is one comment of bounded length that says how many there were', async () => {
  const card = kept()
  await card.hear(report(Array.from({ length: 2000 }, (_, n) => drift({ name: `s${n}`, msg: 'x'.repeat(900) }))))
  await card.after(MINUTE)
  const [comment, ...more] = card.said('comment')
  expect(more).toEqual([])
  expect(comment?.text.length).toBeLessThan(4500)
  expect(comment?.text).toMatch(/^2000 new drifts at .*\n(?:- .*\n){5,}- and 19\d\d more: /)
})

it('a card that is away is said once, and once when it is back; nothing is lost, and it is not asked in a hurry', async () => {
  const card = kept()
  card.state.answers = { heartbeat: AWAY, show: AWAY, comment: AWAY }
  await card.hear(report([drift()]))
  await card.after(10 * MINUTE)
  expect(card.lines).toEqual([
    'card t_1 cannot be reached: database is locked; the passes go on, and news is kept for it',
  ])
  expect(card.said('heartbeat').length + card.said('comment').length + card.said('show').length).toBeLessThan(25)
  card.state.answers = {}
  await card.after(MINUTE)
  expect(card.lines.slice(1)).toEqual(['card t_1 is reached again'])
  expect(card.said('comment').at(-1)?.text).toContain('lab-creator-claude: stale')
  const told = card.said('comment').length
  await card.after(10 * MINUTE)
  expect(card.said('comment')).toHaveLength(told)
})

it.each(['arrived', 'did not arrive'])('a comment without an answer that %s is on the card once', async which => {
  const card = kept()
  await card.after(0)
  card.state.answers = {
    comment: async () => {
      if (which === 'arrived') card.wrote('keeper', `${card.said('comment').at(-1)?.text}\n`)
      return { is: 'trouble', why: 'hermes did not answer in 30 s' }
    },
  }
  await card.hear(report([drift()]))
  await card.after(1000)
  card.state.answers = {}
  await card.after(5 * MINUTE)
  expect(card.state.comments).toHaveLength(1)
  expect(card.said('comment')).toHaveLength(which === 'arrived' ? 1 : 2)
})

it('a refused heartbeat means that the run was reaped: it leaves, with one line', async () => {
  const card = kept()
  await card.after(MINUTE)
  card.state.answers = { heartbeat: NO }
  await card.after(5 * MINUTE)
  expect(card.state.hasLeft).toBe(true)
  expect(card.lines).toEqual(['card t_1 is not ours any more (cannot heartbeat t_1 (not running?)): leaving'])
  const calls = card.said('show').length
  await card.after(10 * MINUTE)
  expect(card.said('show')).toHaveLength(calls)
  expect(card.said('block')).toEqual([])
})

it('a card that somebody ended or blocked is left at the next look, not after five minutes', async () => {
  const card = kept()
  await card.after(MINUTE)
  card.state.status = 'blocked'
  card.state.answers = { heartbeat: NO }
  await card.after(31_000)
  expect(card.state.hasLeft).toBe(true)
})

it('a card that was removed is left, too', async () => {
  const card = kept()
  await card.after(MINUTE)
  card.state.answers = { show: { is: 'refused', why: 'no such task: t_1' }, heartbeat: NO }
  await card.after(31_000)
  expect(card.state.hasLeft).toBe(true)
})

it('a stop by somebody else blocks the card with who asked and when, and leaves', async () => {
  const card = kept()
  await card.after(MINUTE)
  card.wrote('mia', ' Stop monitoring.\n')
  await card.after(31_000)
  expect(card.said('block').map(({ text }) => text)).toEqual(['stop-requested by mia at 2026-11-21T10:01:00Z'])
  expect(card.state.hasLeft).toBe(true)
  await card.complete('the time is over')
  expect(card.said('complete')).toEqual([])
})

it('a stop that came before the first look but after the start counts', async () => {
  const card = kept()
  card.state.answers = { show: AWAY, heartbeat: AWAY }
  await card.after(MINUTE)
  card.wrote('mia', 'stop')
  card.state.answers = {}
  await card.after(MINUTE)
  expect(card.said('block')).toHaveLength(1)
})

it.each<[string, (card: ReturnType<typeof kept>) => void]>([
  [
    'from before the start',
    card => card.state.comments.push({ author: 'mia', body: 'stop', created_at: START / 1000 - 5 }),
  ],
  ['of the worker itself', card => card.wrote('keeper', 'stop')],
  ['inside other words', card => card.wrote('mia', 'do not stop')],
])('a stop %s is none', async (_what, write) => {
  const card = kept()
  write(card)
  await card.after(5 * MINUTE)
  expect(card.said('block')).toEqual([])
  expect(card.state.hasLeft).toBe(false)
})

it('where the own author is not known, everybody may stop it', async () => {
  const card = kept({ own: undefined })
  await card.after(MINUTE)
  card.wrote('user', 'stop')
  await card.after(MINUTE)
  expect(card.said('block')).toHaveLength(1)
})

it('a block that does not get through is tried again, and the monitor stays until then', async () => {
  const card = kept()
  await card.after(MINUTE)
  card.wrote('mia', 'stop')
  card.state.answers = { block: AWAY }
  await card.after(2 * MINUTE)
  expect(card.state.hasLeft).toBe(false)
  card.state.answers = {}
  await card.after(MINUTE)
  expect(card.state.hasLeft).toBe(true)
  expect(new Set(card.said('block').map(({ text }) => text)).size).toBe(1)
})

it('when the time is over, what is untold is told and the card completed', async () => {
  const card = kept()
  await card.after(MINUTE)
  await card.hear(report([drift()]))
  await card.complete('the time is over')
  expect(card.said('comment')).toHaveLength(1)
  expect(card.said('complete').map(({ text }) => text)).toEqual([
    'the time is over; 1 drifts, last at 2026-11-21T10:01:00Z',
  ])
})

it('a card that cannot be completed is said to need somebody', async () => {
  const card = kept()
  await card.after(MINUTE)
  card.state.answers = { complete: AWAY }
  await card.complete('the time is over')
  expect(card.said('complete')).toHaveLength(2)
  expect(card.lines).toEqual([expect.stringMatching(/could not be completed/)])
})

it('a card that takes no comments is not asked again at once', async () => {
  const card = kept()
  card.state.answers = { comment: { is: 'refused', why: 'no' } }
  await card.hear(report([drift()]))
  await card.after(4 * MINUTE)
  expect(card.said('comment')).toHaveLength(1)
  await card.after(2 * MINUTE)
  expect(card.said('comment')).toHaveLength(2)
})
