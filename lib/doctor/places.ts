/** The registry and what stands beside it. */
import { lstatSync, type Stats, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { secretsFolder } from '#lib/bus/broker-file.ts'
import { isOpen, stateAt } from '#lib/jobs/steps.ts'
import { jobsFolder, readJobs } from '#lib/jobs/store.ts'
import { ownName } from '#lib/reconcile/memory-file.ts'
import { rowsOf } from '#lib/registry/rows.ts'
import { readRegistryFile } from '#lib/registry/store.ts'
import { isCodedError } from '#lib/system/errors.ts'
import { whoHolds } from '#lib/system/lock-holder.ts'
import { plural } from '#lib/system/plural.ts'
import { shellWord } from '#lib/system/shell-word.ts'
import { type Finding, finding } from './finding.ts'

/** Can it be read, and by whom can it be changed? */
export async function registryFinding(path: string): Promise<Finding> {
  try {
    const rows = rowsOf((await readRegistryFile(path)).snapshot.registry)
    const running = rows.filter(row => row.status === 'running').length
    const text = `${path}: ${plural(rows.length, 'row')}, ${running} running`
    // Its rows say which programs are started.
    const open = [path, dirname(path)].find(place => isWritableByOthers(statSync(place)))
    if (open === undefined) return finding('registry', 'good', text)
    return finding(
      'registry',
      'warning',
      `${text}; others on this machine may write to ${open}`,
      `chmod go-w ${shellWord(open)}`,
    )
  } catch (error) {
    if (!isCodedError(error)) throw error
    return finding('registry', 'bad', error.message, error.hint ?? null)
  }
}

/** The last good copy, that `restore` puts back. */
export function backupFinding(path: string): Finding {
  const backup = statSync(`${path}.bak`, { throwIfNoEntry: false })
  if (backup === undefined) return finding('backup', 'none', 'it comes with the first change')
  return finding('backup', 'good', `${path}.bak`)
}

export function monitorFinding(path: string): Finding {
  const holder = whoHolds(join(dirname(path), `monitor${ownName(path, '.')}.lock`))
  if (holder !== undefined) return finding('monitor', 'good', holder)
  const how = 'One that stays: agent-sessions reconcile --subscribe --idle-timeout 0'
  return finding('monitor', 'none', 'none seen: the registry is as true as its last pass', how)
}

/** What holds secrets is for its owner alone; job files that cannot be read are named. */
export function jobsFindings(path: string, nowMs: number): Finding[] {
  const folder = jobsFolder(path)
  const findings = [folder, secretsFolder(path)].flatMap(place => {
    const stat = lstatSync(place, { throwIfNoEntry: false })
    if (stat === undefined) return []
    if (stat.isDirectory() && (stat.mode & 0o077) === 0) return []
    const what = stat.isDirectory() ? 'others may look into it' : 'it is no folder'
    const remedy = stat.isDirectory() ? `chmod 700 ${shellWord(place)}` : `Move ${shellWord(place)} away`
    return [finding('jobs', 'bad', `${place}: ${what}`, remedy)]
  })
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined)
    return [...findings, finding('jobs', 'none', 'no job was submitted yet')]
  try {
    const { jobs, broken } = readJobs(folder)
    const open = jobs.filter(job => isOpen(stateAt(job, nowMs))).length
    for (const { id, why } of broken)
      findings.push(finding('jobs', 'bad', `${join(folder, id)}.json: ${why}`, 'Mend it, or move it away'))
    findings.push(finding('jobs', 'good', `${plural(jobs.length, 'job')}, ${open} open`))
  } catch (error) {
    if (!isCodedError(error)) throw error
    findings.push(finding('jobs', 'bad', error.message, error.hint ?? null))
  }
  return findings
}

function isWritableByOthers({ mode }: Stats): boolean {
  // A folder with the sticky bit, such as /tmp, lets nobody replace another's file.
  return (mode & 0o022) !== 0 && (mode & 0o1000) === 0
}
