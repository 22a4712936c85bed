/** tmux started the session and then gives no sure answer: what may run is neither forgotten nor undermined. */
import { execFileSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fakeTmux } from '../harness/fake-tmux.ts'
import { create, expectTruth, journalOf, liveWorld, refused, seen, settledPass } from '../harness/live-create.ts'
import { rowsOf } from '../harness/rows.ts'
import { until } from '../harness/until.ts'
import type { World } from '../harness/world.ts'

/** A tmux that is silent once it has started a session. */
function silentAfterStart(world: World): () => void {
  fakeTmux(
    world,
    `case "$*" in *source-file*) "$REAL" "$@"; code=$?; touch "$WORLD/started"; exit $code;; esac
if [ -e "$WORLD/started" ]; then echo 'no answer' >&2; exit 1; fi
exec "$REAL" "$@"`,
  )
  return () => rmSync(join(world.bin, 'tmux'))
}

test('the row stays, and the next pass completes it', async () => {
  const world = liveWorld()
  const answerAgain = silentAfterStart(world)
  const error = await refused(world, ['create', '--agent', 'claude'], 4)
  expect(error.hint).toContain('reconcile')
  answerAgain()
  await until('the agent', () => journalOf(world, 'start').length === 1)
  expect(seen(world)).toHaveLength(1)
  expect(rowsOf(world)).toHaveLength(1)
  await settledPass(world)
  await settledPass(world)
  expectTruth(world)
  expect(await create(world, ['--agent', 'claude'])).toMatchObject({ created: false, name: 'lab-creator-claude' })
})

test('a work tree in which an agent may run is not taken away', async () => {
  const world = liveWorld()
  const git = (...args: string[]) => {
    const me = ['-c', 'user.name=Lab', '-c', 'user.email=lab@example.org']
    execFileSync('git', ['-C', world.workspace, ...me, ...args], { env: world.env, stdio: 'pipe' })
  }
  git('init', '-q')
  writeFileSync(join(world.workspace, 'README'), '')
  git('add', 'README')
  git('commit', '-q', '-m', 'first')
  const answerAgain = silentAfterStart(world)
  await refused(world, ['create', '--agent', 'claude', '--worktree', 'fix'], 4)
  answerAgain()
  expect(seen(world)).toMatchObject([{ cwd: join(world.root, 'lab-fix') }])
  expect(existsSync(join(world.root, 'lab-fix/README'))).toBe(true)
})
