/** What create, stop, resume and attach need to know before they begin. */
import { existsSync, realpathSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { readConfig } from '#lib/agents/config.ts'
import { adapters } from '#lib/agents/table.ts'
import { findRegistry, lostRegistry, placeForNew, requireRegistry, restoring } from '#lib/registry/locate.ts'
import { createRegistry } from '#lib/registry/workspace.ts'
import type { Bench } from '#lib/sessions/context.ts'
import { CodedError, EXIT } from '#lib/system/errors.ts'
import { currentFolder } from './current-folder.ts'
import type { Parsed } from './flags.ts'
import { note } from './run.ts'
import { ROLES, serverNamed } from './surroundings.ts'

export interface CommandBench extends Bench {
  /** The server that was named. */
  server: string | undefined
}

/** The registry and what belongs to it. One found by going upward must be this user's own: what its rows say is started
 * and ended. CodedErrors of finding and reading; `not-ours`. */
export async function benchFor(flags: Parsed, env: NodeJS.ProcessEnv): Promise<CommandBench> {
  const where = { flag: flags.text('registry'), env, cwd: currentFolder() }
  return benchAt(requireRegistry(where), flags, env, where.flag !== undefined || Boolean(env['AGENT_SESSIONS_YAML']))
}

/** The same; where there is no registry yet, the bench says so, and makes it when it is asked to. */
export async function benchOrNew(flags: Parsed, env: NodeJS.ProcessEnv): Promise<CommandBench> {
  const where = { flag: flags.text('registry'), env, cwd: currentFolder() }
  const isNamed = where.flag !== undefined || Boolean(env['AGENT_SESSIONS_YAML'])
  const { path, looked } = findRegistry(where)
  if (path !== undefined) return benchAt(path, flags, env, isNamed)
  const place = isNamed ? (looked[0] ?? placeForNew(where.cwd)) : placeForNew(where.cwd)
  if (lostRegistry([place]) !== undefined)
    throw new CodedError(
      'no-registry',
      EXIT.refused,
      `${place} is missing, and ${place}.bak is there`,
      `${restoring(place)}; or move the .bak away.`,
    )
  const bench = await benchAt(place, flags, env, true)
  bench.isNew = true
  bench.makeRegistry = async () => {
    if (await createRegistry(place)) note(`made a new registry: ${place}`)
    bench.registryPath = realpathSync(place)
    bench.isNew = false
  }
  return bench
}

async function benchAt(
  yamlPath: string,
  flags: Parsed,
  env: NodeJS.ProcessEnv,
  isNamed: boolean,
): Promise<CommandBench> {
  const registryPath = existsSync(yamlPath) ? realpathSync(yamlPath) : resolve(yamlPath)
  const owner = statSync(registryPath, { throwIfNoEntry: false })?.uid
  const self = process.getuid?.()
  if (!isNamed && owner !== undefined && self !== undefined && owner !== self)
    throw new CodedError(
      'not-ours',
      EXIT.refused,
      `${yamlPath} belongs to another user (uid ${owner}), and it was not named`,
      `If you mean it: --registry ${yamlPath}`,
    )
  const config = await readConfig(join(dirname(registryPath), 'agent-sessions.config.yaml'))
  const server = serverNamed(flags, env)
  return {
    yamlPath,
    registryPath,
    adapters: [...adapters, ...config.adapters],
    drivers: await config.drivers(),
    roles: [...ROLES, ...config.roles],
    servers: [],
    server,
    onWait: note,
  }
}
