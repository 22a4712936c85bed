/** The embedded broker as a process of its own, as a monitor runs it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { buildSync } from 'esbuild'
import { onTestFinished } from 'vitest'
import { readBrokerFile } from '#lib/bus/broker-file.ts'
import { until } from './until.ts'

export interface EmbeddedBroker {
  pid: number
  url: string
  port: number
  username: string
  password: string
  /** Ends it as its owner would: its record goes. */
  close(): Promise<void>
  /** SIGKILL: its record stays behind. */
  kill(): Promise<void>
}

const running = new Set<ChildProcess>()
let program: string | undefined
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
  if (program !== undefined) rmSync(resolve(program, '..'), { recursive: true, force: true })
})

/** Starts one that ends with the test; gives it when it is on record. `secretsFolder`: `secrets/` beside the registry. */
export async function startEmbedded(secretsFolder: string, options: { port?: number } = {}): Promise<EmbeddedBroker> {
  program ??= bundle()
  const args = [program, JSON.stringify({ secretsFolder, ...options })]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'ignore', 'pipe'] })
  running.add(child)
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', text => {
    errors += text
  })
  child.stdin.on('error', () => undefined)
  const gone = once(child, 'exit').then(() => running.delete(child))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await gone
  })
  const noted = await until('the embedded broker on record', () => {
    if (!running.has(child)) throw new Error(`the broker ended:\n${errors}`)
    const found = existsSync(secretsFolder) ? readBrokerFile(secretsFolder) : undefined
    return found?.pid === child.pid && found
  })
  const { pid, url, port, username, password } = noted
  return {
    pid,
    url,
    port,
    username,
    password,
    async close() {
      child.stdin.end()
      await gone
    },
    async kill() {
      child.kill('SIGKILL')
      await gone
    },
  }
}

/** Once per test file: Node then starts it in a blink, where tsx takes its time. */
function bundle(): string {
  const outfile = join(mkdtempSync(join(tmpdir(), 'as-broker-')), 'broker.cjs')
  const entry = resolve(import.meta.dirname, 'broker-process.ts')
  buildSync({ entryPoints: [entry], outfile, bundle: true, platform: 'node', format: 'cjs', logLevel: 'warning' })
  return outfile
}
