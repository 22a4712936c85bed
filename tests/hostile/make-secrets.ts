/** Makes everything that is for one user alone, as the commands do, in the folder that is given: one file of each kind. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { keepPassword } from '#lib/agents/drive/opencode-secret.ts'
import { startBroker } from '#lib/bus/broker.ts'
import { secretsFolder } from '#lib/bus/broker-file.ts'
import { reportTurns } from '#lib/delegate/turn-hook.ts'
import { addJob, jobsFolder, updateJobs } from '#lib/jobs/store.ts'
import { memoryPath, updateMemory } from '#lib/reconcile/memory-file.ts'
import { stateFile } from '#lib/reconcile/state-file.ts'
import { archiveRows } from '#lib/registry/archive.ts'
import { restoreBackup } from '#lib/registry/backup.ts'
import { readRegistryFile, updateRegistry } from '#lib/registry/store.ts'
import { createRegistry, placesOf } from '#lib/registry/workspace.ts'
import { makeLaunchFolder } from '#lib/sessions/launch-files.ts'
import { aJob } from '../jobs/jobs.ts'

const [, , workspace = '', umask = ''] = process.argv
process.umask(Number.parseInt(umask, 8))
const registry = join(workspace, '.hermes/agent-sessions.yaml')
const id = '33333333-3333-4333-8333-333333333333'
const row = (name: string) => ({ name, status: 'terminated' as const, terminated_at_epoch: 1 })
mkdirSync(workspace, { recursive: true })

await createRegistry(registry)
for (const name of ['a', 'b']) await updateRegistry(registry, () => [{ kind: 'add', row: row(name) }])
const { snapshot } = await readRegistryFile(registry)
await archiveRows(placesOf(registry).archive, snapshot, snapshot.registry.tmux_sessions ?? [])
await restoreBackup(registry)

const jobs = jobsFolder(registry)
const job = aJob({ registry })
await addJob(jobs, job)
await updateJobs(jobs, [job.id], one => ({ ...one, settled: true }))

const broker = await startBroker({ secretsFolder: secretsFolder(registry) })

const owner = { pid: process.pid, start: '1', pass: 1 }
await updateMemory(await memoryPath(registry, {}), memory => ({
  ...memory,
  pending: [{ ...owner, at: 1, listeners: ['person'], findings: [] }],
}))
const state = await stateFile(registry, 'card-t_1', {}, value => value as object, {})
await state.write({ lines: ['a secret of the card'] })

const launches = join(workspace, '.hermes/launches')
makeLaunchFolder(launches)
const env = { OPENCODE_SERVER_PASSWORD: 'the password of a server' }
keepPassword({ args: [], secretFile: join(launches, `${id}.secret`), env })
const hook = { ...row('a'), agent_hook_file: join(launches, `${id}.hook.json`) }
if (!reportTurns(hook, registry, ['node', 'x'], job.id)) throw new Error('no script was made')

// The broker's record goes with it.
process.stdout.write('made\n')
process.stdin.resume()
process.stdin.on('end', () => broker.close().then(() => process.exit(0)))
