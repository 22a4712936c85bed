/** Saves by persons and other programs at the worst moment: between our reading and our rename, and while they hold the lock.
 * In this process, so that the moment is hit every time. */
import { type ChildProcess, spawn } from 'node:child_process'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parse } from 'yaml'
import { updateRegistry } from '#lib/registry/store.ts'
import { atATime } from './live.ts'
import type { Part, PartResult, Wish } from './part.ts'
import { pick, type Random, randomFrom } from './texts.ts'

export const saves: Part = {
  name: 'saves',
  claim: 'what a person or another program saves stays, and so does our change, whatever moment the save comes at',
  seconds: 6,
  run,
}

/** Each waits 0.2 s for the saver to be done: together they take no longer than one. */
const AT_ONCE = 20
const LEAST = 120

async function run(wish: Wish): Promise<PartResult> {
  const folder = mkdtempSync(join(tmpdir(), 'as-saves-'))
  const tried: Record<string, number> = {}
  const end = performance.now() + wish.ms
  try {
    for (let n = 0; n < (wish.count ?? LEAST) || performance.now() < end; n += AT_ONCE) {
      if (wish.signal.aborted) break
      const cases = Array.from({ length: AT_ONCE }, (_, i) => n + i)
      await atATime(AT_ONCE, cases, number => oneCase(wish, folder, number, tried))
      wish.onProgress(`${n + AT_ONCE} saves`)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return { tried, figures: {}, notTried: [] }
}

async function oneCase(wish: Wish, folder: string, number: number, tried: Record<string, number>): Promise<void> {
  const random = randomFrom(wish.seed * 100_000 + number)
  const path = join(folder, String(number), 'agent-sessions.yaml')
  mkdirSync(join(path, '..'))
  writeFileSync(path, TEXT)
  const kind = pick(random, Object.keys(KINDS) as Kind[])
  const wrong = (what: string, evidence: string) =>
    wish.wrong({ what: `${kind}: ${what}`, evidence: `seed ${wish.seed}, case ${number}: ${evidence}` })
  try {
    const excuse = (await KINDS[kind](path, random, wrong)) ?? kind
    tried[String(excuse)] = (tried[excuse] ?? 0) + 1
    if (excuse !== kind) return
    const text = readFileSync(path, 'utf8')
    const value = parse(text) as { note?: string; tmux_sessions: { name: string; status?: string }[] }
    if (!text.includes('# of a person')) wrong('the save was lost', text)
    if (value.tmux_sessions.find(({ name }) => name === 'ours')?.status !== 'stopped')
      wrong('our acknowledged change was lost', text)
  } catch (error) {
    wrong('it ended with an error', String(error))
  }
}

const TEXT = 'tmux_sessions:\n  - name: theirs\n    status: running\n  - name: ours\n    status: running\n'
type Wrongly = (what: string, evidence: string) => void

const saved = (path: string) =>
  `# of a person\n${readFileSync(path, 'utf8').replace('status: running', 'status: stopped')}`

const KINDS = {
  'renamed over it': during(path => {
    writeFileSync(`${path}~`, saved(path))
    renameSync(`${path}~`, path)
  }),
  'written into it': during(path => writeFileSync(path, saved(path))),
  'moved away, then written': during(async (path, random) => {
    const text = saved(path)
    renameSync(path, `${path}~`)
    await pause(random() * 100)
    writeFileSync(path, text)
  }),
  'in pieces': during(async (path, random) => {
    const text = saved(path)
    const cut = Math.floor(random() * text.length)
    const fd = openSync(path, 'w')
    writeSync(fd, text.slice(0, cut))
    const began = performance.now()
    await pause(random() * 100)
    const isSlow = performance.now() - began > PIECES_MS
    writeSync(fd, text.slice(cut))
    closeSync(fd)
    // On a machine that is busy the pause may be longer than it was meant to be.
    return isSlow ? 'too slow to be judged' : undefined
  }),
  'under the lock': underLock,
} satisfies Record<string, (path: string, random: Random, wrong: Wrongly) => Promise<unknown>>
type Kind = keyof typeof KINDS

/** Whoever rests longer than 0.2 s in the middle of a save cannot be told from one who is done. */
const PIECES_MS = 150

/** Saved after we have read the file and before we replace it; the saver may go on while we are at it. */
function during(save: (path: string, random: Random) => unknown) {
  return async (path: string, random: Random, _: Wrongly) => {
    const saving: unknown[] = []
    const work = updateRegistry(path, (_, { attempt }) => {
      if (attempt === 1) saving.push(save(path, random))
      return [{ kind: 'set', server: 'default', name: 'ours', set: { status: 'stopped' } }]
    })
    const failed = await work.then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
    const [excuse] = await Promise.all(saving)
    if (failed && excuse === undefined) throw failed.error
    return typeof excuse === 'string' ? excuse : undefined
  }
}

/** Another program holds the kernel's lock: nothing is written by us before it lets go, and what it wrote is read. */
async function underLock(path: string, random: Random, wrong: Wrongly): Promise<void> {
  const holder = spawn('flock', [`${path}.lock`, 'sh', '-c', 'echo held; read -r _'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  await firstWord(holder)
  const work = updateRegistry(path, () => [
    { kind: 'set', server: 'default', name: 'ours', set: { status: 'stopped' } },
  ])
  const before = readFileSync(path, 'utf8')
  await pause(50 + random() * 150)
  const text = readFileSync(path, 'utf8')
  if (text !== before) wrong('it was written while another program held the lock', text)
  writeFileSync(path, saved(path))
  holder.stdin?.end('\n')
  await work
}

function firstWord(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', resolve)
    child.once('error', reject)
    child.once('exit', code => reject(new Error(`the holder of the lock left with ${code}`)))
  })
}
