/** What an agent's environment must and must not hold. A tmux server's own is frozen at its start and may be another
 * user session's, or an agent's. */
import { homedir } from 'node:os'
import type { Driver } from '#lib/agents/drive/types.ts'
import { CodedError, EXIT } from '#lib/system/errors.ts'

/** Set by agents for what they start: an agent that inherits them takes itself for a child of another one and, Claude
 * Code for one, keeps no record of itself (2.1.329). */
const NESTED = [
  'CLAUDECODE',
  'CLAUDE_CODE_CHILD_SESSION',
  'CLAUDE_CODE_SESSION_ID',
  'CLAUDE_CODE_SKIP_PROMPT_HISTORY',
  'CLAUDE_CODE_ENTRYPOINT',
  'CLAUDE_CODE_SSE_PORT',
  'CLAUDE_PID',
  'CODEX_THREAD_ID',
  'CODEX_SANDBOX',
  'CODEX_SANDBOX_NETWORK_DISABLED',
  'GEMINI_CLI',
  'OPENCODE',
  'OPENCODE_PID',
  'OPENCODE_PROCESS_ROLE',
  'OPENCODE_RUN_ID',
  'AGENT',
  'AI_AGENT',
]

/** Set by git for its hooks: whatever inherits them works on the hook's repository, wherever it stands
 * (`git rev-parse --local-env-vars`). */
export const GIT_PLACE = [
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_COMMON_DIR',
  'GIT_CONFIG',
  'GIT_CONFIG_COUNT',
  'GIT_CONFIG_PARAMETERS',
  'GIT_DIR',
  'GIT_GRAFT_FILE',
  'GIT_IMPLICIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_NAMESPACE',
  'GIT_NO_REPLACE_OBJECTS',
  'GIT_OBJECT_DIRECTORY',
  'GIT_PREFIX',
  'GIT_REPLACE_REF_BASE',
  'GIT_SHALLOW_FILE',
  'GIT_WORK_TREE',
]

export interface AgentEnvironment {
  set: Record<string, string>
  unset: string[]
}

/** The agent writes where we look: HOME and its own folders are ours, set or unset; PATH is ours, for its interpreter. */
export function agentEnvironment(
  driver: Pick<Driver, 'homeVariables' | 'passed'>,
  env: Record<string, string | undefined>,
  wished: Record<string, string>,
  forLaunch: Record<string, string> = {},
): AgentEnvironment {
  const set: Record<string, string> = {}
  const unset = new Set([...NESTED, ...GIT_PLACE])
  for (const name of ['PATH', 'HOME', ...driver.homeVariables, ...(driver.passed ?? [])]) {
    const value = env[name]
    if (value !== undefined && value !== '') set[name] = value
    else if (name !== 'PATH' && name !== 'HOME') unset.add(name)
  }
  if (set['HOME'] === undefined) set['HOME'] = homedir()
  for (const [name, value] of Object.entries({ ...wished, ...forLaunch })) {
    set[name] = value
    unset.delete(name)
  }
  return { set, unset: [...unset] }
}

/** Reads `--env K=V` and `--env K` (passed on). CodedError `usage`. */
export function wishedEnvironment(
  wishes: readonly string[],
  env: Record<string, string | undefined>,
): Record<string, string> {
  const wished: Record<string, string> = {}
  for (const wish of wishes) {
    const at = wish.indexOf('=')
    const name = at < 0 ? wish : wish.slice(0, at)
    // Not what every object has: `constructor` is no variable.
    const passed = Object.hasOwn(env, name) ? env[name] : undefined
    const value = at < 0 ? passed : wish.slice(at + 1)
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name))
      throw new CodedError('usage', EXIT.broken, `--env takes NAME or NAME=VALUE, got the name "${name}"`)
    if (value === undefined)
      throw new CodedError('usage', EXIT.broken, `--env ${name}: this variable is not set here`, `--env ${name}=VALUE`)
    if (value.includes('\0')) throw new CodedError('usage', EXIT.broken, `--env ${name}: the value holds a NUL`)
    wished[name] = value
  }
  return wished
}
