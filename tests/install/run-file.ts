import { execFile } from 'node:child_process'
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
