/** A git work tree for one session. Nothing is committed, pushed, or removed that was not made here a moment ago. */
import { realpathSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { CodedError, EXIT } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'
import { listServer } from '#lib/tmux/listing.ts'
import type { Created, CreateWish } from './create.ts'
import { GIT_PLACE } from './environment.ts'
import { findProgram, runnerOf } from './program.ts'

type Git = (...args: string[]) => Promise<{ code: number | null; stdout: string; stderr: string }>

/** Does a create inside the work tree of a branch, which stands beside its repository (`../<repository>-<branch>`); it is
 * made where there is none, and taken away again when the create fails. CodedErrors `not-a-repository`, `worktree`. */
export async function inWorktree(
  machine: Machine,
  wish: CreateWish,
  branch: string,
  create: (inside: CreateWish) => Promise<Created>,
): Promise<Created> {
  const env: Record<string, string | undefined> = { ...machine.env, GIT_TERMINAL_PROMPT: '0' }
  for (const name of GIT_PLACE) delete env[name]
  const run = runnerOf(findProgram(['git'], machine.env), wish.folder, env)
  const git: Git = (...args) => run(['-C', wish.folder, ...args], { timeoutMs: 120_000 })
  const top = await git('rev-parse', '--show-toplevel')
  if (top.code !== 0)
    throw new CodedError(
      'not-a-repository',
      EXIT.refused,
      `${wish.folder} is in no git work tree: ${firstLine(top.stderr)}`,
      '--worktree needs one: git init, and a first commit.',
    )
  // Not --branch, which takes `@{-1}` for the branch before this one.
  const isName = (await git('check-ref-format', `refs/heads/${branch}`)).code === 0
  if (!isName || branch.startsWith('-') || branch === 'HEAD')
    throw new CodedError('usage', EXIT.broken, `"${branch}" cannot be a branch's name`, 'Example: --worktree fix-login')
  const repository = realpathSync(top.stdout.replace(/\n$/, ''))
  const path = join(dirname(repository), `${basename(repository)}-${branch.replaceAll(/[^A-Za-z0-9_.-]/g, '-')}`)
  // The same folder within the repository.
  const inside = (real: string) => join(real, relative(repository, wish.folder))
  const worktree = { path, branch, repository }
  if (wish.dryRun) return create({ ...wish, folder: inside(path), worktree })
  const made = await make(git, path, branch)
  try {
    return await create({ ...wish, folder: realpathSync(inside(path)), worktree })
  } catch (error) {
    // An agent that may run there keeps it.
    if (made.tree && (await isUnused(machine, wish.server, path))) {
      await git('worktree', 'remove', path)
      if (made.branch) await git('branch', '-d', branch)
    }
    throw error
  }
}

/** Surely no pane of the server stands in the folder. A server whose socket was removed lives on: without an answer the
 * processes tell. */
async function isUnused(machine: Machine, server: string, path: string): Promise<boolean> {
  const view = await listServer(machine.tmux, server)
  if (view.state === 'unknown') return false
  const isInside = (cwd: string) => cwd === path || cwd.startsWith(`${path}/`)
  if (view.state === 'alive') return !view.sessions.some(({ panes }) => panes.some(({ cwd }) => isInside(cwd)))
  const processes = machine.processes()
  const all = processes.all()
  return all !== undefined && !all.some(({ pid }) => isInside(processes.cwd(pid) ?? ''))
}

async function make(git: Git, path: string, branch: string): Promise<{ tree: boolean; branch: boolean }> {
  const listed = await git('worktree', 'list', '--porcelain')
  const blocks = listed.stdout.split('\n\n').map(block => block.split('\n'))
  const own = blocks.find(lines => lines.includes(`worktree ${path}`))
  if (own?.includes(`branch refs/heads/${branch}`)) return { tree: false, branch: false }
  const isThere = (await git('rev-parse', '--verify', '--quiet', `refs/heads/${branch}`)).code === 0
  const added = isThere ? await git('worktree', 'add', path, branch) : await git('worktree', 'add', '-b', branch, path)
  if (added.code === 0) return { tree: true, branch: !isThere }
  // The branch is made first, also when the folder is in the way.
  if (!isThere) await git('branch', '-d', branch)
  throw new CodedError(
    'worktree',
    EXIT.refused,
    `git made no work tree at ${path}: ${firstLine(added.stderr.replace(/^Preparing worktree.*\n/, ''))}`,
    /HEAD|invalid reference/.test(added.stderr)
      ? 'The repository needs a first commit: git commit --allow-empty -m first'
      : `Try it by hand: git worktree add ${path} ${branch}`,
  )
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? ''
}
