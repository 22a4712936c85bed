import { existsSync } from 'node:fs'
import { compareBackup, restoreBackup } from '#lib/registry/backup.ts'
import { findRegistry, noRegistry, type Where } from '#lib/registry/locate.ts'
import { EXIT, type ExitCode } from '#lib/system/errors.ts'
import { currentFolder } from './current-folder.ts'
import { COMMON, parseFlags, usageError } from './flags.ts'
import { type Command, note, print } from './run.ts'
import { visible } from './visible.ts'

const EXAMPLE = 'agent-sessions restore --yes'

const HELP = `restore - show how the .bak differs from the registry, and put it back

usage: agent-sessions restore [--yes] [--json]

  --yes             put the .bak in the registry's place; without it only the difference is shown
  --json            one JSON value
  --registry FILE   the registry (default: $AGENT_SESSIONS_YAML, else .hermes/agent-sessions.yaml from here upward)
  --help, --version

A .bak is kept with every change. A valid registry becomes the .bak in exchange, so restoring twice undoes it; a broken
one is kept beside it as .bak.broken.

examples:
  agent-sessions restore          what would change, as lines with - and +
  agent-sessions restore --yes    do it

exit codes: 0 done (or nothing to do) · 1 no registry or no .bak · 2 wrong usage, or the .bak is broken itself
            3 the lock was not had in 10 s
`

export const restore: Command = { name: 'restore', help: HELP, run }

async function run(argv: string[]): Promise<ExitCode> {
  const flags = parseFlags(argv, { ...COMMON, yes: 'boolean', json: 'boolean' }, EXAMPLE)
  if (flags.positionals.length > 0) throw usageError(`restore takes no name, got "${flags.positionals[0]}"`, EXAMPLE)
  const path = registryOrItsBackup({ flag: flags.text('registry'), env: process.env, cwd: currentFolder() })
  const comparison = await compareBackup(path)
  const done = flags.has('yes') ? await restoreBackup(path, { onWait: lock => note(`waiting for ${lock}`) }) : undefined
  for (const warning of done?.warnings ?? []) note(`restore: ${warning}`)

  if (flags.has('json')) {
    const value = {
      schema: 1,
      yaml_path: path,
      ...comparison,
      changed: done?.changed ?? false,
      kept_at: done?.keptAt ?? null,
    }
    await print(`${JSON.stringify(value)}\n`)
    return EXIT.done
  }
  const { diff, backup, registry } = comparison
  const lines = diff.map(visible)
  if (diff.length === 0) lines.push(`${path} and ${backup} are the same: nothing to restore`)
  else if (done === undefined)
    lines.push('', `The registry is ${registry}. \`agent-sessions restore --yes\` puts ${backup} in its place.`)
  else if (done.changed) lines.push('', restoredLine(path, backup, done.keptAt))
  await print(`${lines.join('\n')}\n`)
  return EXIT.done
}

/** A registry that is gone altogether is known by the .bak it left. */
function registryOrItsBackup(where: Where): string {
  const { path, looked } = findRegistry(where)
  const known = path ?? looked.find(candidate => existsSync(`${candidate}.bak`))
  if (known === undefined) throw noRegistry(looked, where.cwd)
  return known
}

function restoredLine(path: string, backup: string, keptAt: string | undefined): string {
  if (keptAt === backup) return `${path} and ${backup} changed places. Run it again to undo that.`
  return `Restored from ${backup}.${keptAt ? ` What stood there is kept at ${keptAt}.` : ''}`
}
