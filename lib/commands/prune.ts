import { realpathSync } from 'node:fs'
import { requireRegistry } from '#lib/registry/locate.ts'
import { pruneRegistry } from '#lib/registry/prune.ts'
import { rowsOf } from '#lib/registry/rows.ts'
import { readRegistryFile } from '#lib/registry/store.ts'
import { EXIT, type ExitCode } from '#lib/system/errors.ts'
import { plural } from '#lib/system/plural.ts'
import { currentFolder } from './current-folder.ts'
import { COMMON, parseFlags, usageError } from './flags.ts'
import { type Command, note, print } from './run.ts'
import { visible } from './visible.ts'

const EXAMPLE = 'agent-sessions prune --older-than 30d --dry-run'

const HELP = `prune - move old ended rows out of the registry into agent-sessions.archive.yaml beside it

usage: agent-sessions prune --older-than AGE [--dry-run] [--json]

  --older-than AGE  rows that ended longer ago than this: 90s, 30m, 12h, 30d
  --dry-run         only say which
  --json            one JSON value
  --registry FILE   the registry (default: $AGENT_SESSIONS_YAML, else .hermes/agent-sessions.yaml from here upward)
  --help, --version

Only \`terminated\` and \`archived\` rows move; \`stopped\` ones can be resumed and stay. Rows without \`terminated_at_epoch\`
stay too: nobody can tell how old they are.

examples:
  agent-sessions prune --older-than 30d --dry-run
  agent-sessions prune --older-than 30d

exit codes: 0 done · 1 no registry · 2 wrong usage or a broken registry · 3 the lock was not had in 10 s
`

export const prune: Command = { name: 'prune', help: HELP, run }

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 }

async function run(argv: string[]): Promise<ExitCode> {
  const spec = { ...COMMON, 'older-than': 'string', 'dry-run': 'boolean', json: 'boolean' } as const
  const flags = parseFlags(argv, spec, EXAMPLE)
  if (flags.positionals.length > 0) throw usageError(`prune takes no name, got "${flags.positionals[0]}"`, EXAMPLE)
  const olderThanSec = seconds(flags.text('older-than'))
  const dryRun = flags.has('dry-run')
  const path = requireRegistry({ flag: flags.text('registry'), env: process.env, cwd: currentFolder() })
  const options = {
    olderThanSec,
    nowSec: Date.now() / 1000,
    dryRun,
    onWait: (lock: string) => note(`waiting for ${lock}`),
  }
  const { moved, undated, refused, archive, warnings } = await pruneRegistry(path, options)
  for (const warning of warnings) note(`prune: ${warning}`)
  if (!dryRun) await sweep(path)

  if (flags.has('json')) {
    await print(
      `${JSON.stringify({ schema: 1, yaml_path: path, dry_run: dryRun, archive, moved, undated, refused })}\n`,
    )
    return EXIT.done
  }
  const lines = moved.map(
    row =>
      `${dryRun ? 'would move' : 'moved'}  ${visible(row.name)}  (${row.status} ${new Date(row.terminated_at_epoch * 1000).toISOString().slice(0, 10)})`,
  )
  for (const row of undated)
    lines.push(`stays  ${visible(row.name)}  (no terminated_at_epoch: nobody can tell how old it is)`)
  for (const row of refused) lines.push(`stays  ${visible(row.name)}  (${row.reason})`)
  lines.push(
    moved.length === 0
      ? 'nothing to move'
      : `${plural(moved.length, 'row')} ${dryRun ? 'would go' : 'went'} to ${archive}`,
  )
  await print(`${lines.join('\n')}\n`)
  return EXIT.done
}

/** Files of starts that no row names any more. */
async function sweep(path: string): Promise<void> {
  const { sweepLaunchFiles } = await import('#lib/sessions/launch-files.ts')
  const { registry } = (await readRegistryFile(path)).snapshot
  sweepLaunchFiles(rowsOf(registry), realpathSync(path), Date.now())
}

function seconds(age: string | undefined): number {
  if (age === undefined) throw usageError('prune needs --older-than, got none', EXAMPLE)
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(age) ?? []
  const size = UNITS[unit]
  if (count === undefined || size === undefined)
    throw usageError(`--older-than takes a number and s, m, h or d, got "${age}"`, EXAMPLE)
  return Number(count) * size
}
