/** The skills as this bundle carries them to be copied: each a folder that needs nothing beside it. */
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CodedError, EXIT } from '#lib/system/errors.ts'

export interface BundledSkills {
  folder: string
  names: string[]
}

/** The skills of the bundle that this program belongs to. CodedErrors `alone` where it belongs to none, and `not-built`. */
export function bundledSkills(script = process.argv[1] ?? ''): BundledSkills {
  const root = bundleAbove(realpathSync(script))
  if (root === undefined)
    throw new CodedError(
      'alone',
      EXIT.refused,
      `${script} stands alone in the folder of a skill: the other skills are not here`,
      'Copy that folder where you want it; for the others run install from a clone or the npm package.',
    )
  const folder = join(root, 'dist', 'skills')
  const names = existsSync(folder) ? readdirSync(folder).sort() : []
  if (names.length === 0)
    throw new CodedError(
      'not-built',
      EXIT.refused,
      `${folder} is not there: this is a checkout that was not built`,
      `Run \`npm run build\` in ${root}, then this again.`,
    )
  return { folder, names }
}

function bundleAbove(path: string): string | undefined {
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder))
    if (existsSync(join(folder, 'bin', 'agent-sessions.cjs')) && existsSync(join(folder, 'package.json'))) return folder
  return undefined
}
