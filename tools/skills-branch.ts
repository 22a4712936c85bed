/** Makes a commit on the local branch `skills`: each skill as it travels alone, and the plugin's manifests. That is what
 * `npx skills add`, hubs, and plugin installs without npm take. It touches no work tree and pushes nothing.
 * usage: npm run skills-branch */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { VERSION } from '#lib/version.ts'
import { OPTIONS } from './build.ts'
import { buildSkills } from './build-skills.ts'

const BRANCH = 'refs/heads/skills'
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const place = mkdtempSync(join(tmpdir(), 'as-branch-'))

const README = `# agent-sessions, the skills

Made by \`npm run skills-branch\` on the main branch, where the sources, the texts for people and the tests are. Each folder in
\`skills/\` needs Node.js 20.19 and tmux 3.2 or newer and nothing else: copy it where your agent looks for skills.
`

/** Git with an index of its own, so that the user's is as it was. */
function git(args: string[], input = ''): string {
  const env = { ...process.env, GIT_INDEX_FILE: join(place, 'index') }
  return execFileSync('git', args, { cwd: root, env, input, maxBuffer: 1 << 24, stdio: ['pipe', 'pipe', 'inherit'] })
    .toString()
    .trim()
}

/** The files below a folder, by their path in the branch. */
function filesOf(folder: string, under: string): [string, string][] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => statSync(join(folder, name)).isFile())
    .map(name => [`${under}/${name}`, join(folder, name)])
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function fail(text: string): never {
  process.stderr.write(`skills-branch: ${text}\n`)
  rmSync(place, { recursive: true, force: true })
  process.exit(1)
}

async function main(): Promise<void> {
  // Its own index knows nothing of the work tree: this is asked of the user's.
  const options = { cwd: root, encoding: 'utf8' } as const
  const changed = execFileSync('git', ['status', '--porcelain', '--untracked-files=no'], options).trim()
  if (changed !== '')
    fail(`there are changes that are not committed, so the branch would not say what it holds:\n${changed}`)
  const worktrees = execFileSync('git', ['worktree', 'list', '--porcelain'], options)
  if (worktrees.split('\n').includes(`branch ${BRANCH}`)) fail('the branch skills is checked out; leave it first')

  for (const who of ['GIT_AUTHOR_IDENT', 'GIT_COMMITTER_IDENT'])
    if (spawnSync('git', ['var', who], { cwd: root }).status !== 0)
      fail('git does not know who commits: set user.name and user.email with `git config`')

  await buildSkills(join(place, 'skills'), OPTIONS)
  writeFileSync(join(place, 'README.md'), README)
  const files = [
    ...filesOf(join(place, 'skills'), 'skills'),
    ...filesOf(join(root, '.claude-plugin'), '.claude-plugin'),
    ['LICENSE', join(root, 'LICENSE')],
    ['README.md', join(place, 'README.md')],
  ]
  const blobs = git(
    ['hash-object', '-w', '--no-filters', '--stdin-paths'],
    files.map(([, file]) => `${file}\n`).join(''),
  )
  const lines = blobs.split('\n').map((blob, at) => `100644 ${blob}\t${files[at]?.[0]}\n`)
  git(['update-index', '--add', '--index-info'], lines.join(''))
  const tree = git(['write-tree'])
  const before = git(['for-each-ref', '--format=%(objectname)', BRANCH])
  if (before !== '' && git(['rev-parse', `${before}^{tree}`]) === tree)
    return say('the branch skills holds this already')
  const message = `skills ${VERSION}, from ${git(['rev-parse', '--short', 'HEAD'])}\n`
  const commit = git(['commit-tree', tree, ...(before === '' ? [] : ['-p', before])], message)
  // Only if nobody moved it meanwhile.
  git(['update-ref', BRANCH, commit, before === '' ? '0'.repeat(commit.length) : before])
  say(`the branch skills is at ${commit.slice(0, 12)}: ${message.trim()}`)
  say('Look:    git show --stat skills --\nPublish: git push origin skills')
}

await main().finally(() => rmSync(place, { recursive: true, force: true }))
