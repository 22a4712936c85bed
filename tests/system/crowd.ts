/** Writers that are killed at any point and come back, and a reader that never stops. */
import { setTimeout as pause } from 'node:timers/promises'
import { type Running, start } from './workers.ts'

const KILLS = 60

export interface Writer {
  /** What it reported as written, once that is as much as it was to write. */
  finished: Promise<string[]>
  /** False while none runs. */
  kill(): boolean
}

/** Keeps a writer going until so many of its updates were reported (`done …`, a line for each). @param args for its next
 * run, of which it is to be told the number and how many updates are left. */
export function writer(worker: string, updates: number, args: (run: number, left: number) => string[]): Writer {
  let run = 0
  let out = ''
  let current: Running | undefined
  const reported = () => out.split('\n').flatMap(line => (line.startsWith('done ') ? [line.slice(5)] : []))
  const finished = (async () => {
    while (reported().length < updates) {
      current = start(process.execPath, [worker, ...args(run++, updates - reported().length)])
      const end = await current.ended
      out += end.out
      if (end.code !== 0 && end.code !== null) throw new Error(end.out)
    }
    current = undefined
    return reported()
  })()
  return { finished, kill: () => current?.child.kill('SIGKILL') ?? false }
}

/** Kills one after the other while they write; what each reported, how many were killed, and how the reader ended when it
 * was told to. */
export async function killedAtWork(writers: readonly Writer[], reader: Running) {
  const all = Promise.all(writers.map(({ finished }) => finished))
  let killed = 0
  let over = false
  all
    .finally(() => {
      over = true
    })
    .catch(() => undefined)
  for (let turn = 0; !over && killed < KILLS; turn++) {
    await pause(20 + ((turn * 37) % 60))
    if (writers[(turn * 7) % writers.length]?.kill()) killed++
  }
  const reported = await all
  reader.child.stdin?.end()
  return { reported, killed, read: await reader.ended }
}
