import { parseArgs } from 'node:util'
import { HOW_IT_IS_DECIDED } from './compare.ts'

const HELP = `npm run bench - everything that has a figure, in one table

usage: npm run bench -- [NAME…] [--runs N] [--jobs [--idle SECONDS] [--events N]] [--node PATH] [--json FILE] [--compare FILE]
       npm run bench -- --start-up [--runs N] [--node PATH]
       npm run bench -- --list

  NAME, --only NAME   only rows whose name has this in it; node -e 0 is always among them
  --runs N            starts of each process, in turn (default 15, at least 3)
  --jobs              the rows that take minutes, too: a monitor with nothing to do, and its memory over many events
  --idle SECONDS      how long it is watched (default 60)
  --events N          how many events then come (default 100,000)
  --node PATH         the Node that runs what is measured (default: this one)
  --json FILE         writes the rows there
  --compare FILE      the same rows again, and which of them became slower than in FILE
  --start-up          what each command loads, opens and starts, and where its time goes
  --list              only the names
  --help

Times of processes are told as ratios to node -e 0 in the same run. Asked is the most that a row may be: OVER says that it is
more, and changes no exit code, for a busy machine makes it so, too.

How it is decided what is slower: ${HOW_IT_IS_DECIDED}

exit codes: 0 done · 1 --compare: something became slower · 2 wrong usage
`

export interface BenchOptions {
  only: string[]
  runs: number | undefined
  isLong: boolean
  idleSec: number
  events: number
  node: string
  json: string | undefined
  compare: string | undefined
  what: 'rows' | 'names' | 'start-up'
}

/** Reads the command line; tells its help, or what is wrong with it, and leaves. */
export function benchOptions(argv: string[]): BenchOptions {
  try {
    const { values, positionals } = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        only: { type: 'string', multiple: true, default: [] },
        runs: { type: 'string' },
        jobs: { type: 'boolean', default: false },
        idle: { type: 'string', default: '60' },
        events: { type: 'string', default: '100000' },
        node: { type: 'string', default: process.execPath },
        json: { type: 'string' },
        compare: { type: 'string' },
        'start-up': { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      process.stdout.write(HELP)
      process.exit()
    }
    return {
      only: [...values.only, ...positionals],
      runs: values.runs === undefined ? undefined : whole('--runs', values.runs, 3),
      isLong: values.jobs,
      idleSec: whole('--idle', values.idle, 1),
      events: whole('--events', values.events, 4),
      node: values.node,
      json: values.json,
      compare: values.compare,
      what: values['start-up'] ? 'start-up' : values.list ? 'names' : 'rows',
    }
  } catch (error) {
    wrong(error instanceof Error ? error.message : String(error))
  }
}

function whole(flag: string, text: string, least: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < least)
    throw new Error(`${flag} takes a whole number from ${least}, got "${text}"`)
  return value
}

/** Says what is wrong with the command line, and leaves. */
export function wrong(why: string): never {
  process.stderr.write(`bench: ${why}\n  npm run bench -- --help\n`)
  process.exit(2)
}
