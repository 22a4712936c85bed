/** The package as npm makes it, installed in a fresh folder; and other versions of Node. Both need npm's cache or a registry:
 * without them the reason is printed and the tests that need them are skipped. */
import { execFile } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { BUNDLE } from '../readme/texts.ts'

const run = promisify(execFile)
const INSTALL_MS = 120_000

export interface Packed {
  root: string
  tarball: string
  files: string[]
  bytes: number
}

/** Packs what is built here, without building it again. */
export async function pack(): Promise<Packed> {
  const root = mkdtempSync(join(tmpdir(), 'as-packed-'))
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', root]
  const { stdout } = await run('npm', args, { cwd: BUNDLE, maxBuffer: 1 << 24 })
  const answer = JSON.parse(stdout)
  const { filename, files, size } = (Array.isArray(answer) ? answer[0] : Object.values(answer)[0]) as {
    filename: string
    files: { path: string }[]
    size: number
  }
  return { root, tarball: join(root, filename), files: files.map(({ path }) => path), bytes: size }
}

export type Had<T> = { value: T } | { missing: string }

/** Installs the tarball into a folder; gives that of its programs. */
export async function installPacked(tarball: string, folder: string): Promise<Had<string>> {
  const args = ['install', '--prefix', folder, '--prefer-offline', '--no-audit', '--no-fund', tarball]
  return withNpm('the installed package', async () => {
    await run('npm', args, { cwd: folder, timeout: INSTALL_MS })
    return join(folder, 'node_modules/.bin')
  })
}

/** A node of this major version: this one, or one that npx fetches. */
export async function nodeOf(major: number): Promise<Had<string>> {
  if (process.versions.node.startsWith(`${major}.`)) return { value: process.execPath }
  return withNpm(`Node ${major}`, async () => {
    const args = ['-y', '--prefer-offline', '-p', `node@${major}`, 'node', '-p', 'process.execPath']
    const { stdout } = await run('npx', args, { cwd: tmpdir(), timeout: INSTALL_MS })
    return stdout.trim().split('\n').at(-1) ?? ''
  })
}

/** What npm says where it has neither a cache nor a way to a registry. */
const UNREACHABLE = /ENOTCACHED|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|E40[134]|E50\d|CERT/

/** Does something for which npm must reach what it needs; where it cannot, the reason is printed and given. */
export async function withNpm<T>(what: string, act: () => Promise<T>): Promise<Had<T>> {
  try {
    return { value: await act() }
  } catch (error) {
    const said = error as { stderr?: string; killed?: boolean; message: string }
    const why = said.killed ? `npm took over ${INSTALL_MS / 1000} s` : UNREACHABLE.exec(said.stderr ?? '')?.[0]
    if (why === undefined) throw error
    process.stderr.write(`${what} is not tested: npm cannot get it (${why})\n`)
    return { missing: why }
  }
}
