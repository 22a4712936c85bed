/** The proof: everything that is thrown at this program, in one suite, with a report. See HELP. */
import { parseArgs } from 'node:util'
import { plural } from '#lib/system/plural.ts'
import type { Part } from './proof/part.ts'
import { PARTS } from './proof/parts.ts'
import { writeReport } from './proof/report.ts'
import { type Ran, runParts } from './proof/run-parts.ts'

const HELP = `proof - tries to make agent-sessions lose, confuse or wrongly end something, and reports what came of it

usage: npm run proof -- [--minutes N [--seeds K]] [--seed N] [--only PART,…] [--count N] [--out DIR] [--stop-at-first]
       npm run proof -- --mutants [NAME …]

  (nothing)         the short form: every part once, under three minutes
  --minutes N       the long form: so many minutes in all, in rounds with a seed each
  --seeds K         rounds (default: one for six minutes, at least one)
  --seed N          the first seed (default 1); the same one makes the same cases, deeds and faults, in the same order
  --only PART,…     these parts alone: ${PARTS.map(({ name }) => name).join(', ')}
  --count N         so many cases of each part that counts them, whatever time that takes
  --out DIR         where proof-report.md and proof-report.json go (default: proof-report)
  --stop-at-first   leave with the first thing that is wrong
  --mutants         build copies that are broken on purpose, one after the other: the short form must catch each
  --help

Everything happens in private folders under the system's temporary one, with tmux servers, a HOME and a broker of its own.
The programs under test are those of dist/, which \`npm run proof\` builds first.

exit codes: 0 nothing was lost or wrong · 1 something was · 2 wrong usage
`

const MINUTES_A_SEED = 6

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string' },
    seeds: { type: 'string' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    count: { type: 'string' },
    out: { type: 'string', default: 'proof-report' },
    'stop-at-first': { type: 'boolean', default: false },
    mutants: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

async function prove(): Promise<number> {
  const minutes = numberOf('minutes')
  const seed = numberOf('seed') ?? 1
  const count = numberOf('count')
  const rounds = numberOf('seeds') ?? (minutes === undefined ? 1 : Math.max(1, Math.round(minutes / MINUTES_A_SEED)))
  const parts = partsOf(values.only)
  const seconds = parts.reduce((sum, part) => sum + part.seconds, 0)
  const factor = minutes === undefined ? 1 : (minutes * 60) / rounds / seconds
  const began = new Date()
  const start = performance.now()
  const rans: Ran[] = []
  const seeds = Array.from({ length: rounds }, (_, round) => seed + round)
  const command = ['npm run proof --', ...process.argv.slice(2)].join(' ').replace(/ --$/, '')
  const report = () =>
    writeReport(values.out, { command, seeds, began, took: (performance.now() - start) / 1000 }, rans)
  // Before those of the parts, which take their worlds away and leave.
  process.prependOnceListener('SIGINT', () => {
    report()
    console.log(`interrupted: what is missing was not tried; the report so far: ${values.out}/proof-report.md`)
    process.exit(130)
  })
  for (const one of seeds) {
    if (values['stop-at-first'] && rans.some(({ wrong }) => wrong.length > 0)) break
    const wish = { seed: one, factor, stopAtFirst: values['stop-at-first'], ...tell(rans, report) }
    await runParts(parts, count === undefined ? wish : { ...wish, count })
  }
  const wrong = rans.flatMap(ran => ran.wrong)
  const verdict = wrong.length === 0 ? 'nothing was lost or wrong' : `lost or wrong: ${plural(wrong.length, 'finding')}`
  const took = Math.round((performance.now() - start) / 1000)
  console.log(`${verdict}, ${took} s; the report: ${values.out}/proof-report.md`)
  return wrong.length === 0 ? 0 : 1
}

const clear = () => process.stderr.isTTY && process.stderr.write('\r\x1b[K')
const showProgress = (part: Part, text: string) => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${part.name}: ${text} `)
}

/** What fits on a screen; all of it stands in the report. */
const MOST_SHOWN = 6

const few = (all: readonly string[]) =>
  all.length <= MOST_SHOWN ? all : [...all.slice(0, MOST_SHOWN), `${all.length - MOST_SHOWN} more in the report`]

/** Says what comes, and keeps it: after each part the report is there, whatever becomes of the rest. */
const tell = (rans: Ran[], report: () => void) => ({
  onPart: (part: Part, seed: number) => showProgress(part, `seed ${seed}`),
  onProgress: showProgress,
  onWrong: (part: Part, { what }: { what: string }) => {
    clear()
    console.log(`WRONG ${part.name}: ${what}`)
  },
  onRan: (ran: Ran) => {
    rans.push(ran)
    report()
    const { name, seed, took, tried, figures, notTried, wrong } = ran
    clear()
    const most = few(Object.entries(tried).map(([what, count]) => `${count.toLocaleString('en')} ${what}`))
    const measured = few(Object.entries(figures).map(([what, value]) => `${what} ${value}`))
    console.log(
      `${wrong.length === 0 ? 'holds' : 'FAILS'} ${name} (seed ${seed}, ${took.toFixed(0)} s): ${most.join(', ')}`,
    )
    if (measured.length > 0) console.log(`      ${measured.join(' · ')}`)
    for (const why of notTried) console.log(`      not tried here: ${why}`)
  },
})

function partsOf(only: string | undefined): readonly Part[] {
  if (only === undefined) return PARTS
  const names = only.split(',')
  const unknown = names.find(name => PARTS.every(part => part.name !== name))
  if (unknown !== undefined)
    usage(`there is no part "${unknown}"; --only takes ${PARTS.map(({ name }) => name).join(', ')}`)
  return PARTS.filter(({ name }) => names.includes(name))
}

function numberOf(flag: 'minutes' | 'seeds' | 'seed' | 'count'): number | undefined {
  const text = values[flag]
  if (text === undefined) return undefined
  const number = Number(text)
  if (!(number > 0) || (flag !== 'minutes' && !Number.isInteger(number)))
    usage(`--${flag} takes a number above 0, got "${text}"`)
  return number
}

function usage(message: string): never {
  console.error(`proof: ${message}\nproof --help shows all flags`)
  process.exit(2)
}

if (values.help) process.stdout.write(HELP)
else if (values.mutants) {
  const { runMutants } = await import('./proof/mutants.ts')
  process.exitCode = await runMutants(positionals, numberOf('seed') ?? 1)
} else process.exitCode = await prove()
// A process that is still waited for must not keep a report from being the end.
if (process.stdout.writableLength > 0) await new Promise(resolve => process.stdout.once('drain', resolve))
process.exit()
