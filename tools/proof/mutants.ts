/** Copies of this program that are broken on purpose. A proof that does not catch them proves nothing. */
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

interface Mutant {
  name: string
  file: string
  /** Stands in the file exactly once. */
  find: string
  put: string
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'no-lock',
    file: 'lib/system/lock.ts',
    find: '  const { waitMs = 10_000, onWait } = options\n',
    put: '  if (Date.now() > 0) return fn({ stillHeld: () => true, waitedMs: 0 })\n  const { waitMs = 10_000, onWait } = options\n',
  },
  {
    name: 'no-compare',
    file: 'lib/registry/store-write.ts',
    find: '    return isStill(places, before.bytes)\n',
    put: '    return true\n',
  },
  {
    name: 'unknown-is-absent',
    file: 'lib/reconcile/presence.ts',
    find: "  return { ...nothing, own: 'unknown', why: view.state === 'unknown' ? view.reason : 'its server is not known' }\n",
    put: "  return { ...nothing, own: 'absent', why: view.state === 'unknown' ? view.reason : 'its server is not known' }\n",
  },
  {
    name: 'no-socket-is-dead',
    file: 'lib/reconcile/presence.ts',
    find: "  if (view.state === 'absent') return { ...nothing, ...withoutServer(row, view.reason, facts) }\n",
    put: "  if (view.state === 'absent') return { ...nothing, own: 'absent', why: view.reason }\n",
  },
  {
    name: 'no-signature',
    file: 'lib/delegate/ingest.ts',
    find: '  if (!isUnsigned && !isSignedBy(raw, job.secret))',
    put: '  if (!isUnsigned && !isSignedBy(raw, job.secret) && job.secret === "")',
  },
  {
    name: 'newest-file',
    file: 'lib/agents/claude-candidate.ts',
    find: '  const [only] = candidates\n',
    put: `  const dated = projectFolders(cwd, context).flatMap(folder =>
    written.map(id => ({ id, stats: statOf(join(folder, \`\${id}.jsonl\`)) })),
  )
  const at = ({ stats }: (typeof dated)[0]) => (typeof stats === 'object' ? stats.mtimeMs : 0)
  const newest = dated.sort((a, b) => at(b) - at(a))[0]
  if (newest) return { kind: 'id', evidence: { id: newest.id, source: 'single candidate', detail: 'the newest' } }
  const [only] = candidates
`,
  },
  {
    name: 'names-by-prefix',
    file: 'lib/registry/rows.ts',
    find: '  const named = items.filter(item => placeOfItem(item).name === given)\n',
    put: '  const named = items.filter(item => placeOfItem(item).name.startsWith(given)).slice(0, 1)\n',
  },
  {
    name: 'op-ignored',
    file: 'lib/reconcile/observe.ts',
    find: "  if (!row.op) return 'none'\n",
    put: "  if (!row.op || row.op.kind !== undefined) return 'none'\n",
  },
]

/** What the short form has to catch one. */
const LIMIT_SECONDS = 180

/** Breaks, builds and proves each, or those that are named; the exit code. */
export async function runMutants(names: readonly string[], seed: number): Promise<number> {
  const root = join(import.meta.dirname, '../..')
  const chosen = MUTANTS.filter(({ name }) => names.length === 0 || names.includes(name))
  if (chosen.length === 0) {
    console.error(`proof: --mutants takes names of ${MUTANTS.map(({ name }) => name).join(', ')}`)
    return 2
  }
  let missed = 0
  for (const mutant of chosen) {
    const folder = mkdtempSync(join(tmpdir(), 'as-mutant-'))
    try {
      copyTree(root, folder)
      breakIt(folder, mutant)
      execFileSync('npm', ['run', '--silent', 'build'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
      const { caught, seconds } = await proveIt(folder, seed)
      console.log(
        `${caught === undefined ? 'MISSED' : 'caught'} ${mutant.name} (${seconds.toFixed(0)} s): ${caught ?? ''}`,
      )
      if (caught === undefined) missed++
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  console.log(`${chosen.length - missed} of ${chosen.length} broken builds were caught`)
  return missed === 0 ? 0 : 1
}

function copyTree(root: string, folder: string): void {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: root, encoding: 'utf8' })
  for (const file of listed.split('\0')) {
    if (file === '' || !existsSync(join(root, file))) continue
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    cpSync(join(root, file), join(folder, file))
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
}

function breakIt(folder: string, { name, file, find, put }: Mutant): void {
  const path = join(folder, file)
  const text = readFileSync(path, 'utf8')
  if (text.split(find).length !== 2) throw new Error(`mutant ${name}: ${file} has no longer what it breaks`)
  writeFileSync(
    path,
    text.replace(find, () => put),
  )
}

function proveIt(folder: string, seed: number): Promise<{ caught: string | undefined; seconds: number }> {
  return new Promise((resolve, reject) => {
    const began = performance.now()
    const words = [join(folder, 'node_modules/.bin/tsx'), 'tools/proof.ts', '--stop-at-first', '--seed', String(seed)]
    const child = spawn(words[0] as string, words.slice(1), { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
    let out = ''
    child.stdout.setEncoding('utf8').on('data', text => (out += text))
    const timer = setTimeout(() => child.kill('SIGINT'), LIMIT_SECONDS * 1000)
    child.once('error', reject)
    child.once('close', () => {
      clearTimeout(timer)
      const wrong = /^WRONG .*$/m.exec(out)?.[0].slice('WRONG '.length)
      const seconds = (performance.now() - began) / 1000
      resolve({ caught: seconds <= LIMIT_SECONDS ? wrong : undefined, seconds })
    })
  })
}
