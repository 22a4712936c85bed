import { literal, type Tmux } from './exec.ts'

/** The session option that says which registry owns a session: its real path. */
export const MARK = '@agent_sessions'

/** Claims a session for a registry, by its tmux id so that no name is ever matched. `-o` makes it a claim that only one
 * registry can win. Gives `claimed`, `taken` (another mark is there), or `unknown`. */
export async function claimSession(
  tmux: Tmux,
  server: string,
  sessionId: string,
  registryPath: string,
): Promise<'claimed' | 'taken' | 'unknown'> {
  const result = await tmux(server, ['set-option', '-o', '-t', `${sessionId}:`, MARK, literal(registryPath)])
  if (result.kind !== 'exit') return 'unknown'
  if (result.code === 0) return 'claimed'
  return result.stderr.startsWith('already set') ? 'taken' : 'unknown'
}
