/** Notes that this program leaves for itself where others may write: the mark in an installed skill, the name in a lock. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { standingAt } from '#lib/install/mark.ts'
import { installSkills } from '#lib/install/put.ts'
import { whoHolds } from '#lib/system/lock-holder.ts'
import { thisProcess } from '#lib/system/lock-self.ts'
import { type AnyProperty, property } from './border.ts'
import { jsonBytes } from './json-texts.ts'

const HASH = '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae'
const MARK = { installed_by: 'agent-sessions', version: '0.1.0', files: { 'SKILL.md': HASH, 'scripts/a.cjs': HASH } }

export const notes: AnyProperty[] = [
  property({
    border: 'notes of our own',
    what: 'the mark in an installed skill',
    inputs: fc.tuple(jsonBytes([MARK], 1 << 18), fc.boolean()),
    prepare([bytes, isThere], folder) {
      mkdirSync(join(folder, 'from/stop'), { recursive: true })
      mkdirSync(join(folder, 'stop/scripts'), { recursive: true })
      writeFileSync(join(folder, 'stop/.agent-sessions.json'), bytes)
      if (!isThere) return
      writeFileSync(join(folder, 'stop/SKILL.md'), 'foo')
      writeFileSync(join(folder, 'stop/scripts/a.cjs'), 'foo')
    },
    run(_, folder) {
      const wish = { from: join(folder, 'from'), to: folder, names: ['stop'], link: false, dryRun: true }
      return { value: [standingAt(join(folder, 'stop'), 'stop'), installSkills(wish)] }
    },
  }),
  property({
    border: 'notes of our own',
    what: 'the name in a lock',
    inputs: jsonBytes([thisProcess()], 1 << 18),
    share: 0.5,
    prepare: (bytes, folder) => writeFileSync(join(folder, 'lock'), bytes),
    run(_, folder) {
      const holder = whoHolds(join(folder, 'lock'))
      // It is not even open here: whatever the note says, nobody holds it.
      if (holder !== undefined) throw new Error(`it is held by ${holder}`)
      return undefined
    },
  }),
]
