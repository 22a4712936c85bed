/** One of our commands, as somebody runs it in the storm. */
import type { Random } from '../texts.ts'
import { keyOf, type Lab, type Name } from './lab.ts'
import { type Running, startProgram } from './processes.ts'

/** Nothing that a person types may take longer, whatever is done to it meanwhile. */
const PATIENCE_MS = 180_000

export interface Done {
  code: number | null
  json: Record<string, unknown> | undefined
  stderr: string
  isHarmed: boolean
}

/** Runs one of our commands to its end. */
export async function command(lab: Lab, words: string[]): Promise<Done> {
  const running: Running = startProgram(lab.world, 'agent-sessions', [...words, '--json'])
  lab.commands.add(running)
  const timer = setTimeout(() => {
    if (!running.isHarmed) lab.wrong(`a command did not end in ${PATIENCE_MS / 1000} s`, running.words)
    running.child.kill('SIGKILL')
  }, PATIENCE_MS)
  const code = await running.left
  clearTimeout(timer)
  lab.commands.delete(running)
  const stderr = running.stderr().trim()
  lab.say(`${words.join(' ')} → ${running.isHarmed ? 'harmed, ' : ''}${code} ${stderr.slice(0, 300)}`)
  const isCrash = code === null ? !running.isHarmed : code > 4
  if (isCrash || /\n {4}at /.test(stderr)) lab.wrong('a command crashed', `${running.words}\nexit ${code}\n${stderr}`)
  // Its op stood in the row all the time, and a row with an op is left alone.
  if (stderr.includes('"row-changed"'))
    lab.wrong('the row of a command at work was changed', `${running.words}\n${stderr}`)
  let json: Done['json']
  try {
    json = JSON.parse(running.stdout())
  } catch {
    if (code === 0) lab.wrong('a command printed no JSON', `${running.words}\n${running.stdout()}`)
  }
  return { code, json, stderr, isHarmed: running.isHarmed }
}

export type Deed = (lab: Lab, name: Name, random: Random) => Promise<unknown>

/** One deed at a time for a name; what was promised before counts no more. */
export function alone(deed: Deed): Deed {
  return async (lab, name, random) => {
    const key = keyOf(name)
    if (lab.busy.has(key)) return
    lab.busy.add(key)
    lab.touched.add(key)
    lab.promised.delete(key)
    try {
      await deed(lab, name, random)
    } finally {
      lab.busy.delete(key)
    }
  }
}

export const at = ({ server, name }: Name) => [name, '--server', server]

let texts = 0
export const freshText = (random: Random) => `task ${++texts}-${Math.floor(random() * 1e9).toString(36)} for the storm`
