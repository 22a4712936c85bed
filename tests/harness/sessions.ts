import { type ClaudeTraces, claudeLeaves, sleeper } from './agents.ts'
import { type Live, newSession } from './tmux.ts'
import { folder, type World } from './world.ts'

/** The server most tests live on, and the name most sessions have. */
export const LAB = 'lab'
export const CLAUDE = 'lab-creator-claude'

export interface ClaudeSession {
  name?: string
  server?: string
  cwd?: string
  /** What its agent has left on disk; nothing when left out. */
  leaves?: Omit<ClaudeTraces, 'cwd' | 'pid'> & { mapped?: boolean }
}

/** A session whose pane is a stand-in for Claude Code. */
export function claudeSession(world: World, want: ClaudeSession = {}): Live {
  const cwd = want.cwd ?? world.workspace
  const session = newSession(world, want.server ?? LAB, want.name ?? CLAUDE, cwd, sleeper(world))
  if (want.leaves) {
    const { mapped = true, ...traces } = want.leaves
    claudeLeaves(world, { cwd, ...traces, ...(mapped ? { pid: session.panePid } : {}) })
  }
  return session
}

/** A folder in the workspace, so that its nearest registry is the workspace's. */
export function inWorkspace(world: World, name: string): string {
  return folder(world, 'lab', name)
}
