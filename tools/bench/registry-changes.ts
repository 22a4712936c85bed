/** When the registry showed that each job had ended, as anybody could see who watches the file. */
import { readFileSync, statSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Job } from '#lib/jobs/schema.ts'

export interface RegistryChanges {
  /** Milliseconds (performance.now) at which each job was seen to have ended in the registry. */
  ended: Map<string, number>
  /** Times that the file was replaced. */
  writes(): number
  close(): void
}

/** A row carries its oldest open job: those before it have ended, and all of them where the row is terminated. */
export function watchRegistry(registry: string, jobs: readonly Job[]): RegistryChanges {
  const ofRow = new Map<string, Job[]>()
  for (const job of jobs) ofRow.set(job.session.name, [...(ofRow.get(job.session.name) ?? []), job])
  const ended = new Map<string, number>()
  let writes = 0
  let inode = statSync(registry, { bigint: true }).ino
  const look = () => {
    const now = performance.now()
    const stat = statSync(registry, { bigint: true, throwIfNoEntry: false })
    if (stat === undefined || stat.ino === inode) return
    inode = stat.ino
    writes++
    for (const row of readFileSync(registry, 'utf8').split('\n  - name: ').slice(1)) {
      const own = ofRow.get(row.slice(0, row.indexOf('\n'))) ?? []
      const carried = /\n {4}delegate_job_id: (\S+)/.exec(row)?.[1]
      const isRunning = row.includes('\n    status: running')
      for (const { id } of own) {
        if (isRunning && id === carried) break
        if (!ended.has(id)) ended.set(id, now)
      }
    }
  }
  const watcher = watch(dirname(registry), (_kind, name) => {
    if (name === basename(registry)) look()
  })
  return { ended, writes: () => writes, close: () => watcher.close() }
}
