/** What says that a folder was put there by us, and whether it still is as we left it. */
import { createHash } from 'node:crypto'
import { type Dirent, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join, relative } from 'node:path'
import * as z from 'zod/mini'

export const MARK = '.agent-sessions.json'

const markSchema = z.object({
  installed_by: z.literal('agent-sessions'),
  version: z.string(),
  /** SHA-256 by the path inside the folder. */
  files: z.record(z.string(), z.string().check(z.regex(/^[0-9a-f]{64}$/))),
})
export type Mark = z.infer<typeof markSchema>

/** What stands in a skill's place. `foreign`: none of ours, or changed since; `why` says which. */
export type Standing =
  | { kind: 'absent' }
  | { kind: 'link'; target: string }
  | { kind: 'copy'; files: Mark['files'] }
  | { kind: 'foreign'; why: string }

/** Another install may replace the folder while it is read: what was read is then half of one and half of the other. */
const LOOKS = 50

/** Looks at a skill's place. The system's errors pass through, but for a place that is not there. */
export function standingAt(path: string, name: string): Standing {
  for (let look = 1; ; look++) {
    const before = identityOf(path)
    try {
      const standing = lookAt(path, name)
      if (identityOf(path) === before || look === LOOKS) return standing
    } catch (error) {
      if (identityOf(path) === before || look === LOOKS) throw error
    }
  }
}

/** Changes with each folder that is put there: a new one may get the number of one that is gone, but not its times. */
function identityOf(path: string): string | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false, bigint: true })
  return stats && `${stats.dev} ${stats.ino} ${stats.ctimeNs}`
}

function lookAt(path: string, name: string): Standing {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return { kind: 'absent' }
  if (stats.isSymbolicLink()) {
    const target = readlinkSync(path)
    // A link holds nothing that could be lost, and this one leads into a bundle of ours, of whatever version.
    return target.endsWith(`/dist/skills/${name}`)
      ? { kind: 'link', target }
      : { kind: 'foreign', why: `a link to ${target}` }
  }
  if (!stats.isDirectory()) return { kind: 'foreign', why: 'a file' }
  const mark = markIn(path)
  if (mark === undefined) return { kind: 'foreign', why: 'not put there by agent-sessions' }
  const files = filesIn(path)
  const changed = [...new Set([...Object.keys(files), ...Object.keys(mark.files)])].filter(
    file => files[file] !== mark.files[file],
  )
  if (changed.length > 0) return { kind: 'foreign', why: `changed since: ${changed.slice(0, 3).join(', ')}` }
  return { kind: 'copy', files }
}

/** No file of a skill, nor a mark, is as large. */
const MOST_BYTES = 64 << 20

/** The files below a folder, each with its SHA-256; what is no plain file, or too large to be ours, has the empty one,
 * which nothing equals. */
export function filesIn(folder: string): Mark['files'] {
  const all: Dirent[] = readdirSync(folder, { withFileTypes: true, recursive: true })
  const files = all.flatMap(entry => {
    const path = join(entry.parentPath, entry.name)
    // macOS puts a .DS_Store into every folder that was looked at.
    if (entry.isDirectory() || entry.name === '.DS_Store' || path === join(folder, MARK)) return []
    const isOurs = entry.isFile() && lstatSync(path).size <= MOST_BYTES
    const hash = isOurs ? createHash('sha256').update(readFileSync(path)).digest('hex') : ''
    return [[relative(folder, path), hash] as const]
  })
  return Object.fromEntries(files)
}

function markIn(folder: string): Mark | undefined {
  const path = join(folder, MARK)
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (stats === undefined || !stats.isFile() || stats.size > MOST_BYTES) return undefined
  const text = readFileSync(path, 'utf8')
  try {
    return markSchema.parse(JSON.parse(text))
  } catch {
    // Broken, or another's.
    return undefined
  }
}
