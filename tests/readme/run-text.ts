import { spawn } from 'node:child_process'
import type { World } from '../harness/world.ts'
import { BUNDLE } from './texts.ts'

export interface RanText {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs what a text says in a shell, in the world's workspace; `BUNDLE` stands for this bundle. */
export function runText(world: World, script: string, env: Record<string, string> = {}): Promise<RanText> {
  return inShell(world, script.replaceAll('BUNDLE/', `${BUNDLE}/`), env)
}

/** Runs a script as it stands, in the world's workspace. */
export function inShell(world: World, script: string, env: Record<string, string> = {}): Promise<RanText> {
  return new Promise((resolve, fail) => {
    const child = spawn('/bin/sh', ['-ec', script], {
      cwd: world.workspace,
      env: { ...world.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 40_000,
    })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', chunk => (stdout += chunk))
    child.stderr.on('data', chunk => (stderr += chunk))
    child.on('error', fail)
    child.on('close', code => resolve({ code, stdout, stderr }))
  })
}
