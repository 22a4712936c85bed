/** Installing in tests, and what a whole skill is. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { VERSION } from '#lib/version.ts'
import { jsonOf, run } from '../harness/command.ts'
import type { World } from '../harness/world.ts'
import { BUNDLE } from '../readme/texts.ts'

export const SKILLS = ['create', 'delegate-job', 'monitor', 'resume', 'status', 'stop']
export const SOURCE = join(BUNDLE, 'dist/skills')
export const MARK = '.agent-sessions.json'

interface Answer {
  to: string
  version: string
  skills: { name: string; path: string; action: string }[]
}

export async function install(world: World, to: string, ...args: string[]): Promise<string[]> {
  const ran = await run(world, 'agent-sessions', ['install', '--to', to, '--json', ...args])
  expect([ran.code, ran.stderr]).toEqual([0, ''])
  const answer = jsonOf<Answer>(ran)
  expect(answer).toMatchObject({ schema: 1, to, version: VERSION })
  return answer.skills.map(({ action }) => action)
}

function contentOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  return Object.fromEntries(
    files
      .map(({ parentPath, name }) => join(parentPath, name))
      .filter(path => !path.endsWith(MARK))
      .map(path => [path.slice(folder.length), createHash('sha256').update(readFileSync(path)).digest('hex')]),
  )
}

export const expectWhole = (to: string, name: string) =>
  expect([name, contentOf(join(to, name))]).toEqual([name, contentOf(join(SOURCE, name))])
