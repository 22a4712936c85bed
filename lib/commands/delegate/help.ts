/** What `delegate-job WORD --help` says. */

const COMMON = `  --registry FILE   the registry (default: $AGENT_SESSIONS_YAML, else .hermes/agent-sessions.yaml from here upward)
  --json            one JSON value
`

const JOB = `  JOB               its id, or the end of it: at least 8 characters that no other job's id ends with
`

export const WORD_HELP: Record<string, string> = {
  submit: `delegate-job submit - type a prompt into a session's agent, with one line below it that reports the end

usage: delegate-job submit NAME (--prompt TEXT | --prompt-file FILE|-) [--timeout 1h] [--keep-session] [--dry-run] [--json]

  NAME              a running session, by its exact name or as status shows it: server:name
  --prompt TEXT     what is to be done
  --prompt-file F   the same from a file, or from standard input (-)
  --timeout TIME    the job expires after this (90s, 15m, 1h, 2d; 0 never; default 1h); its session stays
  --keep-session    the session stays when the job ends; without it a monitor that subscribes closes it
  --dry-run         only say what it would do now: deliver, wait (busy), or refuse and why; no job is made
  --server NAME     where several tmux servers have that name
${COMMON}
examples:
  delegate-job submit my-app-creator-claude --prompt "Mend the failing test in tests/api" --timeout 2h --json

exit codes: 0 delivered, or queued by a busy agent · 1 refused: nothing was written · 2 wrong usage or a broken registry
            (--dry-run: the same, of what would be)
            3 another command was at work on the session · 4 unverified: it may have arrived, never send it again unlooked;
            or tmux gave no sure answer
`,
  emit: `delegate-job emit - report a step of a job; what agents run at its end

usage: delegate-job emit JOB completed|error|progress|started [--summary TEXT] [--data JSON] [--json]

  JOB               its whole id
  --summary TEXT    what was done, or why it could not be; at most 2000 characters
  --data JSON       more, for programs; at most 16 KiB
${COMMON}
examples:
  delegate-job emit 20261121T093000-1a2b3c4d completed --summary "mended, all tests pass"

exit codes: 0 on record (also where no broker could be told: a monitor does that later) · 1 no such job, or it had ended
            2 wrong usage or a broken job file · 3 the lock was not had
`,
  wait: `delegate-job wait - wait until jobs have ended

usage: delegate-job wait JOB… [--timeout 30m] [--any] [--json]

${JOB}  --timeout TIME    give up after this (default 0: never)
  --any             one of them is enough
${COMMON}
examples:
  delegate-job wait 20261121T093000-1a2b3c4d --timeout 2h

Once, on standard error, it says of a job that its agent is idle and has not reported: the wait goes on.

exit codes: 0 completed · 1 no such job, or one ended otherwise · 2 wrong usage or a broken job file · 3 the time is over
`,
  list: `delegate-job list - the jobs of this registry

usage: delegate-job list [--all] [--session NAME] [--json]

  --all             ended ones, too
  --session NAME    of this session only; name or server:name
${COMMON}
examples:
  delegate-job list --all

exit codes: 0 done · 1 no registry · 2 wrong usage
`,
  show: `delegate-job show - one job: what was asked, how it stands, every event

usage: delegate-job show JOB [--json]

${JOB}${COMMON}
examples:
  delegate-job show 20261121T093000-1a2b3c4d

It says, too, when the agent of an open job is idle and has not reported for a while (JSON: unreported_since).

exit codes: 0 done · 1 no such job · 2 wrong usage or a broken job file
`,
  cancel: `delegate-job cancel - end a job; its agent is not told and may go on

usage: delegate-job cancel JOB [--reason TEXT] [--json]

${JOB}${COMMON}
examples:
  delegate-job cancel 20261121T093000-1a2b3c4d --reason "no longer needed"

exit codes: 0 cancelled (also when it was before) · 1 no such job, or it had ended otherwise · 2 wrong usage or a broken job
            file · 3 the lock was not had
`,
  retry: `delegate-job retry - a job that failed, was cancelled or expired, once more: a new job with the same prompt

usage: delegate-job retry JOB [--timeout 1h] [--json]

${JOB}  --timeout TIME    of the new job (default: as the old one)
${COMMON}
examples:
  delegate-job retry 20261121T093000-1a2b3c4d

exit codes: as submit; 1 also when it is open or completed
`,
  clean: `delegate-job clean - remove the files of jobs that ended long ago

usage: delegate-job clean --older-than 30d [--dry-run] [--json]

${COMMON}
A job that a row still carries, and whose end no monitor has seen to, stays.

examples:
  delegate-job clean --older-than 30d --dry-run

exit codes: 0 done · 1 no registry · 2 wrong usage · 3 the lock was not had
`,
  broker: `delegate-job broker - run the embedded MQTT broker here until Ctrl-C

usage: delegate-job broker [--port 1883] [--registry FILE]

It listens on loopback alone; user and password stand in .hermes/secrets/broker.json, which only you can read, and where
the other commands find it. A monitor that subscribes runs one of its own where there is none.

examples:
  delegate-job broker --port 18830

exit codes: 0 ended · 1 no registry, the port is taken, or a broker runs here already · 2 wrong usage
`,
}
