import { execFile, spawn } from 'node:child_process'
import type { World } from '../harness/world.ts'

export interface RanFile {
  code: number
  stdout: string
  stderr: string
}

/** Runs a program file with a node, in the world's workspace, to its end. */
export function runFile(
  world: World,
  file: string,
  args: readonly string[],
  { node = process.execPath, env = {} }: { node?: string; env?: Record<string, string> } = {},
): Promise<RanFile> {
  return new Promise(resolve => {
    const options = { cwd: world.workspace, env: { ...world.env, ...env }, timeout: 30_000, encoding: 'utf8' } as const
    execFile(node, [file, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr })
    })
  })
}

/** Starts one that goes on until it is told to leave; the world ends it with the test. */
export function startFile(world: World, file: string, args: readonly string[]) {
  const child = spawn(process.execPath, [file, ...args], {
    cwd: world.workspace,
    env: world.env,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const pid = child.pid ?? 0
  world.pids.add(pid)
  let out = ''
  child.stdout.on('data', chunk => (out += chunk))
  const left = new Promise<number | null>(resolve =>
    child.once('close', code => {
      world.pids.delete(pid)
      resolve(code)
    }),
  )
  return { pid, stdout: () => out, left }
}
