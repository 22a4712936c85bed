import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Change } from '#lib/registry/change.ts'

export const TEXT = `# kept by hand
tmux_sessions:
- name: lab-creator-claude # the first
  status: running
  note: keep  me
- name: lab-creator-codex
  status: stopped
agent_identities: {}
`

export const END: Change = {
  kind: 'set',
  server: 'default',
  name: 'lab-creator-claude',
  set: { status: 'terminated' },
}

/** The text with END made. */
export const ENDED = TEXT.replace('status: running', 'status: terminated')

let n = 0

/** A registry in a folder of its own. */
export function registryIn(folder: string, text: string | Buffer = TEXT, mode = 0o600): string {
  const path = join(folder, `w${++n}`, '.hermes', 'agent-sessions.yaml')
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text, { mode })
  return path
}

/** What stands in the registry's folder. */
export function besides(path: string): string[] {
  return readdirSync(dirname(path)).sort()
}

/** Inode and times: equal only when nobody wrote. */
export function trace(path: string): string {
  const { ino, mtimeNs, ctimeNs } = statSync(path, { bigint: true })
  return `${ino} ${mtimeNs} ${ctimeNs}`
}
