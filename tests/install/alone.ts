/** A skill's folder that was copied to an empty place, and the commands of its own text there. */
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { folder as folderIn, type World } from '../harness/world.ts'
import { inShell, type RanText } from '../readme/run-text.ts'
import { BUNDLE } from '../readme/texts.ts'

export interface Alone {
  folder: string
  program: string
  /** What its SKILL.md says to run, line by line, without the remarks. */
  lines: string[]
  /** Runs one in the world's workspace, as a shell reads it. */
  typed(line: string, words?: Record<string, string>): Promise<RanText>
}

/** Copies `dist/skills/SKILL` to an empty folder of the world: nothing of the bundle is above or beside it. */
export function copyAlone(world: World, skill: string): Alone {
  const folder = join(folderIn(world, 'copied'), skill)
  cpSync(join(BUNDLE, 'dist/skills', skill), folder, { recursive: true })
  const text = readFileSync(join(folder, 'SKILL.md'), 'utf8')
  const lines = [...text.matchAll(/^node SKILL\/.*$/gm)].map(([line]) => line.replace(/ +# .*$/, ''))
  const typed = (line: string, words: Record<string, string> = {}) =>
    inShell(
      world,
      Object.entries({ SKILL: folder, ...words }).reduce(
        (script, [word, value]) => script.replaceAll(new RegExp(`\\b${word}\\b`, 'g'), value),
        line,
      ),
    )
  return { folder, program: join(folder, 'scripts/agent-sessions.cjs'), lines, typed }
}
