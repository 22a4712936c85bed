/** What is for one user alone is so from the moment it is made, whatever the umask is. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../..')
const NOBODY = 65534
/** Others may know what is kept out of git, and what a registry looks like. */
const PUBLIC = new Set(['.gitignore', 'agent-sessions.schema.json'])
/** Made for people to share, as the umask says; what is in them is not. */
const SHARED = new Set(['lab', 'lab/.hermes', 'lab/.cache'])
const PRIVATE_FOLDERS = [
  'lab/.cache/agent-sessions-monitor',
  'lab/.hermes/jobs',
  'lab/.hermes/launches',
  'lab/.hermes/secrets',
]
const PRIVATE_FILES = [
  'lab/.cache/agent-sessions-monitor/lab.card-t_1.state',
  'lab/.cache/agent-sessions-monitor/lab.state',
  'lab/.hermes/actions.log',
  'lab/.hermes/agent-sessions.archive.yaml',
  'lab/.hermes/agent-sessions.yaml',
  'lab/.hermes/agent-sessions.yaml.bak',
  'lab/.hermes/jobs/20260101T000000-00000001.json',
  'lab/.hermes/launches/33333333-3333-4333-8333-333333333333.secret',
  'lab/.hermes/secrets/broker.json',
]

interface Noted {
  call: string
  path: string
  mode: number
}

interface Made {
  folder: string
  /** In the moment of their making, by path below the folder. */
  noted: Noted[]
}

const running: ChildProcess[] = []
const folders: string[] = []
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** Runs a program that makes files, with every making noted; it stays until the tests are over. */
async function made(program: string, umask: string): Promise<Made> {
  const folder = mkdtempSync('/tmp/as-modes-')
  folders.push(folder)
  // Others may come this far: what stops them is the file's own mode.
  chmodSync(folder, 0o755)
  const into = join(folder, 'noted')
  writeFileSync(into, '')
  const hooks = ['--require', join(import.meta.dirname, 'record-modes.cjs'), '--import', 'tsx']
  const child = spawn(process.execPath, [...hooks, join(import.meta.dirname, program), join(folder, 'lab'), umask], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], HOME: folder, RECORD_BELOW: join(folder, 'lab'), RECORD_INTO: into },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  running.push(child)
  await new Promise<void>((resolve, reject) => {
    let errors = ''
    child.stderr?.on('data', chunk => {
      errors += chunk
    })
    child.stdout?.once('data', () => resolve())
    child.on('close', code => reject(new Error(`left with ${code}: ${errors}`)))
  })
  const noted = readFileSync(into, 'utf8')
    .split('\n')
    .flatMap(line => (line === '' ? [] : [JSON.parse(line) as Noted]))
    .map(note => ({ ...note, path: relative(folder, note.path) }))
  return { folder, noted }
}

/** What was open to others for any moment. */
function open({ noted }: Made): string[] {
  const isPublic = (path: string) => SHARED.has(path) || PUBLIC.has(path.split('/').at(-1) ?? '')
  return noted
    .filter(({ path, mode }) => !isPublic(path) && (mode & 0o077) !== 0)
    .map(({ call, path, mode }) => `${path}: ${mode.toString(8)} by ${call}`)
}

/** All below it that is no folder, or that is. */
function below(folder: string, wantsFolders: boolean): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => lstatSync(join(folder, name)).isDirectory() === wantsFolders)
    .sort()
}

describe.each(['000', '077'])('with umask %s', umask => {
  const makes = made('make-secrets.ts', umask)

  test('each file and folder is made for this user alone, not closed afterwards', async () => {
    const all = await makes
    expect(open(all)).toEqual([])
    // Each kind of them was seen in the making, or its temporary file was.
    for (const path of [...PRIVATE_FOLDERS, ...PRIVATE_FILES]) {
      const name = path.split('/').at(-1) as string
      const seen = all.noted.some(note => note.path === path || note.path.split('/').at(-1)?.includes(name))
      expect(seen, `${path} was not seen`).toBe(true)
    }
  })

  test('each has its mode in the end', async () => {
    const { folder } = await makes
    const files = below(join(folder, 'lab'), false).map(name => `lab/${name}`)
    expect(files).toEqual(expect.arrayContaining(PRIVATE_FILES))
    const wide = files.filter(
      name => !PUBLIC.has(name.split('/').at(-1) ?? '') && (lstatSync(join(folder, name)).mode & 0o077) !== 0,
    )
    expect(wide).toEqual([])
    for (const name of PRIVATE_FOLDERS) expect(lstatSync(join(folder, name)).mode & 0o777, name).toBe(0o700)
  })

  const isRoot = process.getuid?.() === 0
  if (!isRoot) console.log('not root: that another user cannot read them is not tried')
  test.runIf(isRoot)('another user reads none of them, and lists no folder', async () => {
    const { folder } = await makes
    const asOther = (...words: string[]) =>
      spawnSync(words[0] as string, words.slice(1), { uid: NOBODY, gid: NOBODY, cwd: '/', encoding: 'utf8' })
    writeFileSync(join(folder, 'public'), 'hello')
    chmodSync(join(folder, 'public'), 0o644)
    expect(asOther('cat', join(folder, 'public')).stdout).toBe('hello')
    for (const name of PRIVATE_FILES) {
      const { status, stdout } = asOther('cat', join(folder, name))
      expect({ name, isRefused: status !== 0, stdout }).toEqual({ name, isRefused: true, stdout: '' })
    }
    for (const name of PRIVATE_FOLDERS) expect(asOther('ls', join(folder, name)).stdout, name).toBe('')
  })
})

test('a program that closes its files after it made them is caught', async () => {
  expect(open(await made('planted/careless.ts', '000'))).toEqual([
    'lab/secrets: 777 by mkdirSync',
    'lab/secrets: 777 by chmodSync',
    'lab/secrets/password: 666 by writeFileSync',
    'lab/secrets/password: 666 by chmodSync',
  ])
})
