/** What every pass keeps, checked wherever a test makes one: a dry run tells what the real pass does and leaves no trace,
 * and a second real pass has nothing to do. */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type Drift, pass, type Report, type RunOptions } from './command.ts'
import type { World } from './world.ts'

export interface Passes {
  report: Report
  /** `A gone lab-creator-claude`, sorted: what a test mostly wants to know. */
  kinds: string[]
}

export async function passes(
  world: World,
  flags: string[] = [],
  options: RunOptions & { code?: number } = {},
): Promise<Passes> {
  const before = traces(world)
  const dry = await pass(world, ['--dry-run', ...flags], options)
  expect(traces(world), 'a dry run leaves every byte, inode and time alone').toEqual(before)
  expect(dry.dry_run).toBe(true)

  const report = await pass(world, flags, options)
  expect(report.dry_run).toBe(false)
  expect(report.drifts.map(told), 'the dry run and the real pass tell the same').toEqual(dry.drifts.map(told))
  expect(report.actions).toEqual(dry.actions)

  const after = lstatSync(world.registry, { bigint: true })
  const again = await pass(world, flags, options)
  expect(again.actions, 'a second pass has nothing to do').toEqual([])
  const last = lstatSync(world.registry, { bigint: true })
  expect([last.ino, last.mtimeNs], 'a pass without a change does not write').toEqual([after.ino, after.mtimeNs])
  return { report, kinds: kindsOf(report) }
}

export function kindsOf(report: Pick<Report, 'drifts'>): string[] {
  return report.drifts.map(drift => `${drift.class} ${drift.kind} ${drift.name}`).sort()
}

export function driftOf(report: Report, kind: string, name?: string): Drift {
  const found = report.drifts.filter(drift => drift.kind === kind && (name === undefined || drift.name === name))
  if (found.length !== 1) throw new Error(`wanted one drift ${kind} ${name ?? ''}: ${JSON.stringify(report.drifts)}`)
  return found[0] as Drift
}

function told({ evidence: _evidence, ...drift }: Drift): Omit<Drift, 'evidence'> {
  return drift
}

/** Path → what a write, a touch or a replacement would change, for the workspace and HOME. */
export function traces(world: World): Record<string, string> {
  const seen: Record<string, string> = {}
  const look = (path: string) => {
    const stat = lstatSync(path, { bigint: true })
    const facts = [stat.ino, stat.mode, stat.size, stat.mtimeNs, stat.ctimeNs]
    if (stat.isFile()) facts.push(BigInt(`0x${readFileSync(path).toString('hex') || '0'}`))
    seen[path] = stat.isSymbolicLink() ? readlinkSync(path) : facts.join(' ')
    if (stat.isDirectory()) for (const name of readdirSync(path)) look(join(path, name))
  }
  look(world.workspace)
  look(world.home)
  return seen
}
