/** What gets lost while nobody looks. */
import { execFileSync } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { join, sep } from 'node:path'
import type { World } from '../../tests/harness/world.ts'

/** Files that name a conversation and are not it. */
const BESIDE = /\.standin|locks|presence/

/** Removes what the agent left of a conversation, found by its name alone: what is proved here is not asked where to look. */
export function removeArtifact(world: World, cli: string, id: string): void {
  if (cli === 'opencode') {
    const options = { env: world.env, cwd: world.workspace, timeout: 20_000, stdio: 'pipe' } as const
    execFileSync(join(world.bin, 'opencode'), ['session', 'delete', id], options)
    return
  }
  const mark = cli === 'gemini' ? id.slice(0, 8) : id
  const names = readdirSync(world.home, { recursive: true, encoding: 'utf8' })
  const found = mark === '' ? [] : names.filter(name => name.split(sep).at(-1)?.includes(mark) && !BESIDE.test(name))
  if (found.length === 0) throw new Error(`${cli} left nothing of conversation ${id}`)
  for (const name of found) rmSync(join(world.home, name), { recursive: true, force: true })
}

export function removeFolder(world: World, name: string): void {
  rmSync(join(world.workspace, name), { recursive: true })
}
