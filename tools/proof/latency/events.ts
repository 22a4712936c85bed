/** From an event to its row: `reconcile --subscribe` with a broker, events published by somebody and told by `emit`. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Job } from '#lib/jobs/schema.ts'
import { latencies } from '../../bench/bus.ts'
import { awaited, type BusStage, makeBusStage } from '../../bench/bus-stage.ts'
import { watchRegistry } from '../../bench/registry-changes.ts'

const PROGRAM = join(import.meta.dirname, '../../../bin/agent-sessions.cjs')
const PATIENCE_MS = 15_000

/** Milliseconds from each publishing to its row, fifty in a second. Rejects when one of them does not come. */
export async function publishSome(count: number): Promise<number[]> {
  const stage = await makeBusStage(count, 1, 'embedded broker', process.execPath)
  try {
    return await latencies(stage)
  } finally {
    await stage.close()
  }
}

/** Milliseconds from the start of each `emit`, a process of its own, to its row, one after the other; and the jobs whose rows
 * did not end. */
export async function emitSome(count: number, signal: AbortSignal): Promise<{ ms: number[]; lost: string[] }> {
  const stage = await makeBusStage(count, 1, 'embedded broker', process.execPath)
  const seen = watchRegistry(stage.world.registry, stage.world.jobs)
  const emitted: { ms: number[]; lost: string[] } = { ms: [], lost: [] }
  try {
    for (const job of stage.world.jobs) {
      if (signal.aborted) break
      const began = performance.now()
      await emit(stage, job)
      await awaited('its end', () => seen.ended.has(job.id), PATIENCE_MS).catch(() => emitted.lost.push(job.id))
      const at = seen.ended.get(job.id)
      if (at !== undefined) emitted.ms.push(at - began)
    }
    return emitted
  } finally {
    seen.close()
    await stage.close()
  }
}

/** Rejects with what it said when it leaves with an error. */
function emit({ world, env }: BusStage, { id }: Job): Promise<void> {
  const args = [PROGRAM, 'delegate-job', 'emit', id, 'completed', '--summary', 'done', '--registry', world.registry]
  return new Promise((resolve, reject) => {
    const options = { cwd: world.root, env: { ...world.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] as const }
    const child = spawn(process.execPath, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', text => (said += text))
    child.on('error', reject)
    child.on('close', code => (code === 0 ? resolve() : reject(new Error(`emit left with ${code}: ${said}`))))
  })
}
