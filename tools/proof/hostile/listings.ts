/** What a tmux server answers: listings, one pane, screens of several. */
import fc from 'fast-check'
import { captureScreens } from '#lib/tmux/capture.ts'
import type { Tmux, TmuxResult } from '#lib/tmux/exec.ts'
import { listServer, livePanes, parseListing, viewOf } from '#lib/tmux/listing.ts'
import { peekPane } from '#lib/tmux/peek.ts'
import { type AnyProperty, property } from './border.ts'
import { bytesOf, editedText, noise } from './spoil.ts'
import { run, word } from './words.ts'

/** Stands for the cut that nobody can foresee. */
const CUT = '\u0001CUT\u0001'
const pane = (at: number, texts: readonly string[]) =>
  `\n$${at} 1767225600 %${at} 0 0 ${4242 + at} 0 ${texts.map(text => text + CUT).join('')}`
const texts = fc.tuple(
  word,
  word,
  fc.oneof(word, fc.constant('/lab/.hermes/agent-sessions.yaml')),
  fc.oneof(word, run(5000)),
)
const listing = fc.tuple(fc.array(texts, { maxLength: 6 }), fc.constantFrom(1, 1, 1, 1500)).map(([panes, times]) => {
  const all = Array.from({ length: times }, () => panes).flat()
  return `4000 3.4 /tmp/tmux-0/default${CUT}${all.map((one, at) => pane(at, one)).join('')}\nend${CUT}\n`
})
const output = fc.oneof(
  { weight: 6, arbitrary: bytesOf(listing) },
  { weight: 5, arbitrary: bytesOf(editedText(listing, 1 << 20)) },
  { weight: 2, arbitrary: bytesOf(word) },
  { weight: 1, arbitrary: noise },
)
const errors = fc.oneof(
  word,
  run(70_000),
  fc.constantFrom('no current target', 'no server running on /x', 'server exited unexpectedly', 'lost server'),
  word.map(path => `error connecting to ${path} (No such file or directory)`),
  word.map(path => `error connecting to ${path} (Permission denied)`),
)
const result: fc.Arbitrary<TmuxResult> = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(output, errors, fc.constantFrom(0, 0, 0, 1)).map(exit) },
  { weight: 1, arbitrary: fc.constant<TmuxResult>({ kind: 'timeout' } as TmuxResult) },
  { weight: 1, arbitrary: word.map(message => ({ kind: 'failed', message }) as TmuxResult) },
)

function exit([stdout, stderr, code]: [Buffer, string, number]): TmuxResult {
  return { kind: 'exit', code, stdout, stderr }
}

/** A tmux that gives this answer, with the cut that it was asked for in the place of ours. */
function answering(answer: TmuxResult): Tmux {
  return async (_server, args) => {
    if (answer.kind !== 'exit') return answer
    const cut = /cut-?[0-9a-z-]{6,}/.exec(args.join(' '))?.[0] ?? ''
    return {
      ...answer,
      stdout: Buffer.from(
        answer.stdout.toString('latin1').replaceAll(CUT, () => cut),
        'latin1',
      ),
    }
  }
}

const sight = fc
  .tuple(word, word, fc.oneof(word, run(40_000)))
  .map(([title, cwd, screen]) => `4000,%1,4242,0,,,$1,0,0,0,140,40${CUT}${title}${CUT}${cwd}${CUT}\n${screen}`)

export const listings: AnyProperty[] = [
  property({
    border: 'tmux listings',
    what: 'a server',
    inputs: result,
    share: 2,
    async run(answer) {
      const view = await listServer(answering(answer), 'default')
      const parsed = answer.kind === 'exit' ? parseListing('default', answer.stdout, CUT) : undefined
      if (view.state !== 'alive') return { value: [view, parsed] }
      for (const session of view.sessions)
        for (const { pid, window, index } of livePanes(session))
          if (![pid, window, index].every(Number.isInteger)) throw new Error('a pane with a number that is none')
      return { value: [view, parsed, viewOf('x', answer, CUT)] }
    },
  }),
  property({
    border: 'tmux listings',
    what: 'one pane, and screens of several',
    inputs: fc.tuple(bytesOf(editedText(sight, 1 << 18)), word, fc.constantFrom(0, 0, 1)).map(exit),
    run: async answer => ({
      value: [
        await peekPane(answering(answer), 'default', '%1'),
        await captureScreens(answering(answer), 'default', ['%1', '%2', '%3']),
      ],
    }),
  }),
]
