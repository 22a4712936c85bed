import { existsSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** What runs `delegate-job` from any folder, as words: this node and this bundle's program. */
export function delegateProgram(script = process.argv[1] ?? ''): string[] {
  const real = realpathSync(script)
  // A bin, a skill's script, or a test of ours: the bundle's own program is above it.
  for (let folder = dirname(real); folder !== dirname(folder); folder = dirname(folder)) {
    const bin = join(folder, 'bin', 'agent-sessions.cjs')
    if (existsSync(bin)) return [process.execPath, bin, 'delegate-job']
  }
  // A skill's folder that was copied alone holds the whole program.
  const isWhole = basename(real) === 'agent-sessions.cjs'
  return [process.execPath, real, ...(isWhole ? ['delegate-job'] : [])]
}
