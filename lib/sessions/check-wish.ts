import { statSync } from 'node:fs'
import { CodedError, EXIT } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'
import type { Tools } from './context.ts'
import type { CreateWish } from './create.ts'
import { checkName } from './names.ts'

/** Can an agent be started as it is wished for? Asked before anything is written. CodedErrors `usage`, `no-folder`,
 * `skip-refused`. */
export function checkWish({ env }: Machine, wish: CreateWish, { driver }: Tools): void {
  if (wish.name !== undefined) checkName(wish.name)
  if (wish.model !== undefined && driver.choosesModel === false)
    throw new CodedError(
      'usage',
      EXIT.broken,
      `the config does not say how ${wish.agent} is told its model`,
      `Add model: to agents.${wish.agent} in .hermes/agent-sessions.config.yaml, or leave --model out.`,
    )
  // A work tree is made only when it is started.
  if (!(wish.dryRun && wish.worktree)) checkFolder(wish.folder)
  checkHome(wish.env, ['HOME', ...driver.homeVariables], driver.name, env)
  const refusal = wish.skipPermissions ? driver.skipRefusal?.({ ...env, ...wish.env }, process.getuid?.()) : undefined
  if (refusal !== undefined)
    throw new CodedError('skip-refused', EXIT.refused, refusal, 'Leave --skip-permissions out, or use another user.')
}

/** An agent that keeps its files elsewhere than where we look would never be seen. */
function checkHome(
  wished: Record<string, string>,
  homes: readonly string[],
  agent: string,
  env: Record<string, string | undefined>,
): void {
  for (const name of homes)
    if (wished[name] !== undefined && wished[name] !== env[name])
      throw new CodedError(
        'usage',
        EXIT.broken,
        `--env ${name}: it says where ${agent} keeps its files, and every later command must see the same`,
        `Set it for the commands themselves: ${name}=… agent-sessions create …`,
      )
}

function checkFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return
  throw new CodedError(
    'no-folder',
    EXIT.refused,
    `there is no folder ${folder}`,
    'Make it first, or name another with --workspace.',
  )
}
