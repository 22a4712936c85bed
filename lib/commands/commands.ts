/** Every command; only the one that is asked for is loaded. */
import type { Command } from './run.ts'

export interface Entry {
  about: string
  load(): Promise<Command>
  /** It begins with a look at tmux. */
  looks?: boolean
}

export const COMMANDS: Record<string, Entry> = {
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
  doctor: {
    about: 'is everything there, and what to do where it is not',
    load: async () => (await import('#lib/commands/doctor.ts')).doctor,
  },
  completion: {
    about: 'let a shell complete commands, flags, sessions and jobs',
    load: async () => (await import('#lib/commands/completion.ts')).completion,
  },
  install: {
    about: 'put the skills where an agent looks for them',
    load: async () => (await import('#lib/commands/install.ts')).install,
  },
}
