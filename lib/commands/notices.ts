/** A monitor's notices. Loaded with each monitor, and loads the rest only where the config has `notify:`. */
import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { JobNews } from '#lib/delegate/follow.ts'
import type { NotifyConfig } from '#lib/notify/config-schema.ts'
import type { Pass, PassOptions } from '#lib/reconcile/pass.ts'
import type { Report } from '#lib/reconcile/report.ts'
import type { Machine } from '#lib/system/machine.ts'
import { note } from './run.ts'

/** A notice is given within this, or ended. */
const GIVE_MS = 10_000
/** A monitor that leaves waits so long for those that are being given. */
const LEAVE_MS = 3000

export interface MonitorNotices {
  /** Agents' states are to be looked at in each pass. */
  wantsStates: boolean
  /** Each report, before it is struck out. Never rejects, and waits for no notice. */
  hear(report: Report): Promise<void>
  /** Looks at states and jobs, where they are told. The same. */
  afterPass(pass: Pass): Promise<void>
  /** A job's news, at once. */
  onJob(news: JobNews): void
  /** The monitor leaves. Bounded. */
  end(): Promise<void>
}

type Hearer = { hear(report: Report): Promise<void> } | undefined

/** All that hear each report; undefined where nobody does. */
export function hearers(...all: Hearer[]): ((report: Report) => Promise<void>) | undefined {
  const there = all.flatMap(one => one ?? [])
  if (there.length === 0) return undefined
  return async report => void (await Promise.all(there.map(one => one.hear(report))))
}

/** Undefined where nothing is to be told, and in a dry run. */
export async function noticesOf(
  machine: Machine,
  { registryPath, dryRun }: Pick<PassOptions, 'registryPath' | 'dryRun'>,
  config: NotifyConfig | undefined,
): Promise<MonitorNotices | undefined> {
  if (config === undefined || dryRun) return undefined
  const [
    { targetsOf },
    { heardSchema, NOTHING_HEARD },
    { keepNotices },
    { newPost },
    { giver },
    { stateFile },
    { cleanText, secretsIn },
    { workspaceOf },
  ] = await Promise.all([
    import('#lib/notify/config-schema.ts'),
    import('#lib/notify/heard.ts'),
    import('#lib/notify/keeper.ts'),
    import('#lib/notify/post.ts'),
    import('#lib/notify/give.ts'),
    import('#lib/reconcile/state-file.ts'),
    import('#lib/system/clean-text.ts'),
    import('#lib/reconcile/memory-file.ts'),
  ])
  const say = (line: string) => note(`reconcile: ${line}`)
  const secrets = secretsIn(machine.env)
  const clean = (text: string, most: number) => cleanText(text, most, secrets)
  const leaving = new AbortController()
  const cwd = workspaceOf(registryPath)
  const give = giver(machine, { registryPath, cwd, clean, timeoutMs: GIVE_MS, signal: leaving.signal })
  const post = newPost({ targets: kind => targetsOf(config, kind), give, say })
  const wants = (kind: Parameters<typeof targetsOf>[1]) => targetsOf(config, kind).length > 0
  const file = await stateFile(registryPath, 'notices', machine.env, value => heardSchema.parse(value), NOTHING_HEARD)
  const keeper = keepNotices({ file, wants, send: post.send, clean, workspace: basename(cwd), say })
  const looks = [
    ...(wants('needs-permission') || wants('limited') ? [await stateLook()] : []),
    ...(wants('job-ended') ? [await jobLook()] : []),
  ]
  let told = ''

  async function stateLook() {
    const { addSlowStates } = await import('#lib/reconcile/screens.ts')
    return async ({ observation }: Pass) => {
      await addSlowStates(machine, observation)
      await keeper.hearStates(observation)
    }
  }
  async function jobLook() {
    const { jobsLook } = await import('#lib/notify/jobs-look.ts')
    const look = jobsLook(registryPath)
    return async () => keeper.hearJobs(existsSync(join(dirname(registryPath), 'jobs')) ? look(machine.now()) : [])
  }
  return {
    wantsStates: wants('needs-permission') || wants('limited'),
    hear: keeper.hearReport,
    async afterPass(pass) {
      const why: string[] = []
      for (const look of looks)
        await look(pass).catch(error => why.push(error instanceof Error ? error.message : String(error)))
      // The same failure, time after time, is told once.
      if (why.length > 0 && told !== why.join()) say(`notices: ${why.join('; ')}`)
      told = why.join()
    },
    onJob({ job, state, session, server, summary = null }) {
      const isEnd = ['completed', 'error', 'cancelled', 'expired'].includes(state)
      if (isEnd && wants('job-ended')) void keeper.hearJob({ id: job, state, session, server, summary })
    },
    async end() {
      const timer = setTimeout(() => {
        post.drop()
        leaving.abort()
      }, LEAVE_MS)
      await keeper.written()
      await post.idle()
      clearTimeout(timer)
    },
  }
}
