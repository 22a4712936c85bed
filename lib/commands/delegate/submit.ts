import type { Submitted } from '#lib/delegate/submit.ts'
import { publicJob } from '#lib/jobs/public.ts'
import { serverOf } from '#lib/registry/rows.ts'
import { readRegistryFile } from '#lib/registry/store.ts'
import { EXIT, type ExitCode } from '#lib/system/errors.ts'
import { thisMachine } from '#lib/system/machine.ts'
import { benchFor } from '../bench.ts'
import { COMMON, parseFlags, usageError } from '../flags.ts'
import { promptOf } from '../prompt.ts'
import { note, print } from '../run.ts'
import { visible } from '../visible.ts'
import { secondsOf } from './duration.ts'
import { delegateProgram } from './program.ts'

const EXAMPLE = 'delegate-job submit my-app-creator-claude --prompt "Mend the failing test"'

const FLAGS = {
  ...COMMON,
  prompt: 'string',
  'prompt-file': 'string',
  timeout: 'string',
  'keep-session': 'boolean',
  'dry-run': 'boolean',
  json: 'boolean',
} as const

export const DEFAULT_TIMEOUT_SEC = 3600

export async function submit(argv: string[]): Promise<ExitCode> {
  const flags = parseFlags(argv, FLAGS, EXAMPLE)
  const [name, ...more] = flags.positionals
  if (name === undefined || more.length > 0)
    throw usageError(`submit takes one session's name, got ${flags.positionals.length}`, EXAMPLE)
  const prompt = await promptOf(flags, EXAMPLE)
  if (prompt === undefined) throw usageError('submit needs --prompt or --prompt-file, got neither', EXAMPLE)
  const timeoutSec = secondsOf(flags, 'timeout', EXAMPLE) ?? DEFAULT_TIMEOUT_SEC
  const bench = await benchFor(flags, process.env)
  const [{ rowNamed }, { submitJob }] = await Promise.all([
    import('#lib/sessions/op.ts'),
    import('#lib/delegate/submit.ts'),
  ])
  const { registry } = (await readRegistryFile(bench.registryPath)).snapshot
  const row = rowNamed(registry, name, bench.server, bench.yamlPath)
  const submitted = await submitJob(thisMachine(), bench, {
    session: { name: row.name, server: serverOf(row) },
    prompt,
    timeoutSec,
    keepSession: flags.has('keep-session'),
    program: delegateProgram(),
    dryRun: flags.has('dry-run'),
  })
  return tellSubmitted(submitted, { json: flags.has('json'), yamlPath: bench.yamlPath, dryRun: flags.has('dry-run') })
}

/** Says what became of a job that was submitted; retry answers the same. */
export async function tellSubmitted(
  { job, delivery, warnings }: Submitted,
  { json, yamlPath, dryRun }: { json: boolean; yamlPath: string; dryRun: boolean },
): Promise<ExitCode> {
  for (const warning of warnings) note(`delegate-job: ${warning}`)
  const shown = publicJob(job, Date.now())
  if (json)
    await print(`${JSON.stringify({ schema: 1, yaml_path: yamlPath, dry_run: dryRun, job: shown, warnings })}\n`)
  else {
    const to = visible(job.session.name)
    const how = delivery === null ? 'would be delivered' : `${delivery.outcome}: ${visible(delivery.why)}`
    const lines = [`job      ${job.id}  for ${to}`, `prompt   ${how}`]
    if (delivery?.outcome === 'unverified')
      lines.push(`Whether it arrived is not known. Look (agent-sessions attach ${to}) before you send it again.`)
    if (delivery?.outcome === 'delivered' || delivery?.outcome === 'queued')
      lines.push(`wait     agent-sessions delegate-job wait ${job.id}`)
    await print(`${lines.join('\n')}\n`)
  }
  if (delivery === null || delivery.outcome === 'delivered' || delivery.outcome === 'queued') return EXIT.done
  return delivery.outcome === 'unverified' ? EXIT.unknown : EXIT.refused
}
