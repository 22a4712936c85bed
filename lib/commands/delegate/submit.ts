import type { Submitted } from '#lib/delegate/submit.ts'
import type { Prospect } from '#lib/delegate/would.ts'
import { publicJob } from '#lib/jobs/public.ts'
import { jobsFolder } from '#lib/jobs/store.ts'
import { type Place, placeOf } from '#lib/registry/rows.ts'
import { readRegistryFile } from '#lib/registry/store.ts'
import { EXIT, type ExitCode } from '#lib/system/errors.ts'
import { thisMachine } from '#lib/system/machine.ts'
import { benchFor } from '../bench.ts'
import { COMMON, parseFlags, usageError } from '../flags.ts'
import { promptOf } from '../prompt.ts'
import { note, print } from '../run.ts'
import { visible } from '../visible.ts'
import { DEFAULT_TIMEOUT_SEC, secondsOf } from './duration.ts'
import { delegateProgram } from './program.ts'
import { withTold } from './with-told.ts'

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

export async function submit(argv: string[]): Promise<ExitCode> {
  const flags = parseFlags(argv, FLAGS, EXAMPLE)
  const [name, ...more] = flags.positionals
  if (name === undefined || more.length > 0)
    throw usageError(`submit takes one session's name, got ${flags.positionals.length}`, EXAMPLE)
  const prompt = await promptOf(flags, EXAMPLE)
  if (prompt === undefined) throw usageError('submit needs --prompt or --prompt-file, got neither', EXAMPLE)
  const timeoutSec = secondsOf(flags, 'timeout', EXAMPLE) ?? DEFAULT_TIMEOUT_SEC
  const bench = await benchFor(flags, process.env)
  const { rowNamed } = await import('#lib/sessions/op.ts')
  const { registry } = (await readRegistryFile(bench.registryPath)).snapshot
  const row = rowNamed(registry, name, bench.server, bench.yamlPath)
  const session = placeOf(row)
  if (flags.has('dry-run')) {
    const { wouldSubmit } = await import('#lib/delegate/would.ts')
    const prospect = await wouldSubmit(thisMachine(), bench, session)
    return tellProspect(prospect, session, { json: flags.has('json'), yamlPath: bench.yamlPath })
  }
  const { submitJob } = await import('#lib/delegate/submit.ts')
  const submitted = await submitJob(thisMachine(), bench, {
    session: { ...session },
    prompt,
    timeoutSec,
    keepSession: flags.has('keep-session'),
    program: delegateProgram(),
  })
  const folder = jobsFolder(bench.registryPath)
  return tellSubmitted(submitted, { json: flags.has('json'), yamlPath: bench.yamlPath, folder })
}

/** Says what a submit would do. There is no job, and so none has an id. */
async function tellProspect(
  { would, why, agent, error }: Prospect,
  session: Place,
  { json, yamlPath }: { json: boolean; yamlPath: string },
): Promise<ExitCode> {
  const refusal = { code: error?.code ?? null, hint: error?.hint ?? null }
  const head = { schema: 1, yaml_path: yamlPath, dry_run: true, job_id: null, job: null }
  if (json) await print(`${JSON.stringify({ ...head, session, agent, would, why, ...refusal, warnings: [] })}\n`)
  else {
    const what = { deliver: 'would be delivered', wait: 'would wait', refuse: 'would be refused' }[would]
    await print(`job      none, this is a dry run; for ${visible(session.name)}\nprompt   ${what}: ${visible(why)}\n`)
    if (refusal.hint !== null) note(`delegate-job: ${refusal.hint}`)
  }
  return error?.exit ?? EXIT.done
}

/** Says what became of a job that was submitted; retry answers the same. */
export async function tellSubmitted(
  { job, delivery, warnings }: Submitted,
  { json, yamlPath, folder }: { json: boolean; yamlPath: string; folder: string },
): Promise<ExitCode> {
  for (const warning of warnings) note(`delegate-job: ${warning}`)
  if (json) {
    const shown = publicJob(withTold(job, folder), Date.now())
    await print(`${JSON.stringify({ schema: 1, yaml_path: yamlPath, dry_run: false, job: shown, warnings })}\n`)
  } else {
    const to = visible(job.session.name)
    const lines = [`job      ${job.id}  for ${to}`, `prompt   ${delivery.outcome}: ${visible(delivery.why)}`]
    if (delivery.outcome === 'unverified')
      lines.push(`Whether it arrived is not known. Look (agent-sessions attach ${to}) before you send it again.`)
    if (delivery.outcome === 'delivered' || delivery.outcome === 'queued')
      lines.push(`wait     agent-sessions delegate-job wait ${job.id}`)
    await print(`${lines.join('\n')}\n`)
  }
  if (delivery.outcome === 'delivered' || delivery.outcome === 'queued') return EXIT.done
  return delivery.outcome === 'unverified' ? EXIT.unknown : EXIT.refused
}
