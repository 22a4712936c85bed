/** Conversations on a world's disk, found as the adapters find them. */
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { adapterNamed } from '#lib/agents/table.ts'
import type { Artifact } from '#lib/agents/types.ts'
import { linuxProcesses } from '#lib/system/processes-linux.ts'
import type { World } from './world.ts'

export function artifactOf(world: World, agent: string, id: string): Artifact {
  const adapter = adapterNamed(agent)
  if (!adapter) throw new Error(`no adapter ${agent}`)
  return adapter.artifact(id, world.workspace, { env: world.env, processes: linuxProcesses() })
}

/** Takes a conversation off the disk, as its own program would: OpenCode keeps all of them in one database. */
export function loseArtifact(world: World, agent: string, id: string): void {
  const { path } = artifactOf(world, agent, id)
  if (path === undefined) throw new Error(`no artifact of ${id}`)
  if (agent !== 'opencode') {
    rmSync(path)
    return
  }
  const { status, stderr } = spawnSync('sqlite3', [path, `DELETE FROM session WHERE id = '${id}'`], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`sqlite3: ${stderr}`)
}
