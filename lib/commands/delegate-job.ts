import type { ExitCode } from '#lib/system/errors.ts'
import { usageError } from './flags.ts'
import type { Command } from './run.ts'

const HELP = `delegate-job - hand a piece of work to a session, and know for sure how it ended

usage: delegate-job submit NAME (--prompt TEXT | --prompt-file FILE|-) [--timeout 1h] [--keep-session] [--dry-run] [--json]
       delegate-job wait JOB… [--timeout 30m] [--any] [--json]
       delegate-job list [--all] [--session NAME] [--json]
       delegate-job show JOB [--json]
       delegate-job cancel JOB [--reason TEXT] [--json]
       delegate-job retry JOB [--timeout 1h] [--json]
       delegate-job clean --older-than 30d [--dry-run] [--json]
       delegate-job emit JOB completed|error|progress|started [--summary TEXT] [--data JSON] [--json]
       delegate-job broker [--port 1883]

  submit   type the prompt into the session's agent, with one line below it that reports the end, and prove that it
           arrived. A busy agent gets it queued. One that waits for an answer, or a shell, gets nothing.
  wait     until these jobs have ended (--any: one of them)
  list     open jobs (--all: ended ones, too)
  show     one job: what was asked, its state, every event
  cancel   the job ends, its agent does not: it is not told
  retry    a job that failed, was cancelled or expired, once more, as a new job
  clean    remove the files of jobs that ended long ago
  emit     report a step; what agents run at the end of a job
  broker   run the embedded MQTT broker here until Ctrl-C (a monitor that subscribes runs its own)

  NAME              the exact name of a session, or server:name, as status shows it
  JOB               its id, or the end of it, at least 8 characters, as status shows it (emit: the whole id)
  --timeout TIME    submit, retry: the job expires after this (90s, 15m, 1h, 2d; 0 never; default 1h); its session stays.
                    wait: give up after this (default 0: never)
  --keep-session    the session stays when the job ends; without it a monitor that subscribes closes it
  --registry FILE   the registry (default: $AGENT_SESSIONS_YAML, else .hermes/agent-sessions.yaml from here upward)
  --server NAME     submit: where several tmux servers have that name
  --help, --version

A job is a file in .hermes/jobs/ (only you can read it), and the truth about it; MQTT tells the world. The broker is the one
in $AGENT_JOBS_MQTT_URL (or MQTT_HOST …), else the config's bus.url, else the embedded one of the monitor; without any,
everything works through the files. AGENT_JOBS_MQTT_URL=off: no broker.

examples:
  delegate-job submit my-app-creator-claude --prompt "Mend the failing test in tests/api" --timeout 2h --json
  delegate-job wait 20261121T093000-1a2b3c4d --timeout 2h
  delegate-job emit 20261121T093000-1a2b3c4d completed --summary "mended, all tests pass"

exit codes: 0 done; submit: delivered or queued; wait: completed
            1 no such job or session, refused (nothing was written), the job ended already; wait: ended otherwise
            2 wrong usage, a broken registry or job file · 3 timed out, or a lock was not had
            4 not known: submit: whether the prompt arrived (never send it again unlooked), or tmux gave no sure answer
`

const WORDS: Record<string, () => Promise<(argv: string[]) => Promise<ExitCode>>> = {
  submit: async () => (await import('./delegate/submit.ts')).submit,
  emit: async () => (await import('./delegate/emit.ts')).emit,
  wait: async () => (await import('./delegate/wait.ts')).wait,
  list: async () => (await import('./delegate/list.ts')).list,
  show: async () => (await import('./delegate/show.ts')).show,
  cancel: async () => (await import('./delegate/cancel.ts')).cancel,
  retry: async () => (await import('./delegate/retry.ts')).retry,
  clean: async () => (await import('./delegate/clean.ts')).clean,
  broker: async () => (await import('./delegate/broker.ts')).broker,
}

export const delegateJob: Command = { name: 'delegate-job', help: HELP, helpOf, run }

async function helpOf([word = '']: readonly string[]): Promise<string | undefined> {
  const { WORD_HELP } = await import('./delegate/help.ts')
  return Object.hasOwn(WORD_HELP, word) ? WORD_HELP[word] : undefined
}

async function run(argv: string[]): Promise<ExitCode> {
  const [word = '', ...rest] = argv
  const load = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined
  if (load === undefined)
    throw usageError(
      `expected one of ${Object.keys(WORDS).join(', ')}, got ${word === '' ? 'nothing' : `"${word}"`}`,
      'delegate-job list',
    )
  return (await load())(rest)
}
