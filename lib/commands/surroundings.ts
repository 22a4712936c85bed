/** What reconcile and status both need to know before they look: which registry, which agents, which servers. */
import { realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readConfig } from '#lib/agents/config.ts'
import { adapters } from '#lib/agents/table.ts'
import type { NotifyConfig } from '#lib/notify/config-schema.ts'
import type { Scope } from '#lib/reconcile/observe.ts'
import { requireRegistry } from '#lib/registry/locate.ts'
import { CodedError, EXIT } from '#lib/system/errors.ts'
import { badServerName } from '#lib/tmux/exec.ts'
import { currentFolder } from './current-folder.ts'
import type { Parsed } from './flags.ts'

/** The role our own names carry unless the config adds others. */
export const ROLES = ['creator']

export interface Surroundings extends Scope {
  /** The registry as a person would name it. */
  yamlPath: string
  /** Whom a monitor gives notices. */
  notify: NotifyConfig | undefined
}

export async function surroundings(flags: Parsed, env: NodeJS.ProcessEnv): Promise<Surroundings> {
  const yamlPath = requireRegistry({ flag: flags.text('registry'), env, cwd: currentFolder() })
  const registryPath = realpathSync(yamlPath)
  const config = await readConfig(join(dirname(registryPath), 'agent-sessions.config.yaml'))
  const named = serverNamed(flags, env)
  return {
    yamlPath,
    registryPath,
    notify: config.notify,
    adapters: [...adapters, ...config.adapters],
    roles: [...ROLES, ...config.roles],
    servers: [...new Set(['default', ...(named ? [named] : [])])],
  }
}

/** The server that `--server` or `$TMUX_SERVER_NAME` names; undefined when none does. CodedError `usage`. */
export function serverNamed(flags: Parsed, env: NodeJS.ProcessEnv): string | undefined {
  const named = flags.text('server') ?? (env['TMUX_SERVER_NAME'] || undefined)
  if (named !== undefined && badServerName(named) !== undefined)
    throw new CodedError(
      'usage',
      EXIT.broken,
      `"${named}" cannot be a tmux server's name: ${badServerName(named)}`,
      'It is a -L name, such as work: --server work',
    )
  return named
}
