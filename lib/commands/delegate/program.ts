import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What runs `delegate-job` from any folder, as words: this node and this bundle's program. */
export function delegateProgram(script = process.argv[1] ?? ''): string[] {
  const real = realpathSync(script)
  // A bin, a skill's script, or a test of ours: the bundle's own program is above it.
  for (let folder = dirname(real); folder !== dirname(folder); folder = dirname(folder)) {
    const bin = join(folder, 'bin', 'agent-sessions.cjs')
    if (existsSync(bin)) return [process.execPath, bin, 'delegate-job']
  }
  return [process.execPath, real]
}
