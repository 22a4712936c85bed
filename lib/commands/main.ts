/** `agent-sessions <command>`: picks the command and loads only that one. */
import { EXIT } from '#lib/system/errors.ts'
import { VERSION } from '#lib/version.ts'
import { listEarly } from './early.ts'
import { type Command, print, runCommand } from './run.ts'

interface Entry {
  about: string
  load(): Promise<Command>
  /** It begins with a look at tmux. */
  looks?: boolean
}

const COMMANDS: Record<string, Entry> = {
  create: {
    about: 'start an agent in a tmux session of its own, and put it on record',
    load: async () => (await import('#lib/commands/create.ts')).create,
  },
  resume: {
    about: 'bring an ended session back in its own conversation',
    load: async () => (await import('#lib/commands/resume.ts')).resume,
  },
  stop: {
    about: 'end a session, and keep what it takes to bring it back',
    load: async () => (await import('#lib/commands/stop.ts')).stop,
  },
  attach: {
    about: 'show a session in this terminal',
    load: async () => (await import('#lib/commands/attach.ts')).attach,
  },
  'delegate-job': {
    about: 'hand work to a session, and know for sure how it ended',
    load: async () => (await import('#lib/commands/delegate-job.ts')).delegateJob,
  },
  reconcile: {
    about: 'compare the registry with tmux and the disk, and mend it',
    looks: true,
    load: async () => (await import('#lib/commands/reconcile.ts')).reconcile,
  },
  status: {
    about: 'show every session and what is true of it now',
    looks: true,
    load: async () => (await import('#lib/commands/status.ts')).status,
  },
  restore: {
    about: 'show how the .bak differs from the registry, and put it back',
    load: async () => (await import('#lib/commands/restore.ts')).restore,
  },
  prune: {
    about: 'move old ended rows to the archive file',
    load: async () => (await import('#lib/commands/prune.ts')).prune,
  },
  'monitor-card': {
    about: 'the Hermes Kanban card on which a monitor lives',
    load: async () => (await import('#lib/commands/monitor-card.ts')).monitorCard,
  },
  install: {
    about: 'put the skills where an agent looks for them',
    load: async () => (await import('#lib/commands/install.ts')).install,
  },
}

function help(): string {
  const width = Math.max(...Object.keys(COMMANDS).map(name => name.length))
  const lines = Object.entries(COMMANDS).map(([name, { about }]) => `  ${name.padEnd(width)}  ${about}`)
  return `agent-sessions - the truth about the AI coding agents that live in tmux

usage: agent-sessions COMMAND [flags]

${lines.join('\n')}

\`agent-sessions COMMAND --help\` shows a command's flags, examples and exit codes.
The registry is .hermes/agent-sessions.yaml, found from here upward; --registry FILE or $AGENT_SESSIONS_YAML name another.
`
}

export async function main(argv: string[]): Promise<void> {
  const [name, ...rest] = argv
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    await print(help())
    process.exitCode = name === undefined ? EXIT.broken : EXIT.done
    return
  }
  if (name === '--version') {
    await print(`${VERSION}\n`)
    return
  }
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (entry === undefined) {
    process.stderr.write(
      `agent-sessions: unknown command "${name}"; expected one of ${Object.keys(COMMANDS).join(', ')}\n  Example: agent-sessions status\n`,
    )
    process.exitCode = EXIT.broken
    return
  }
  const early = entry.looks ? listEarly(rest) : undefined
  await runCommand(await entry.load(), rest, early)
}
