/** A Hermes board with one card, kept by the stand-in. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { lives } from '../harness/processes.ts'
import type { World } from '../harness/world.ts'

export const CARD = 't_0000c0de'
/** The profile the worker runs as: the author of its comments. */
export const WORKER = 'keeper'

export type Verb = 'comment' | 'show' | 'heartbeat' | 'block' | 'complete' | 'create' | 'every'
/** `hang after`: it does what was asked, and never says so. */
export type Mode = 'hang' | 'hang after' | 'slow' | 'busy' | 'crash' | 'usage' | 'nonsense'

export interface Board {
  env: Record<string, string>
  /** Every call's words behind `hermes`, in order. */
  calls(verb?: Verb): string[][]
  comments(): { author: string; body: string; created_at: number }[]
  /** Somebody writes a comment. */
  comment(author: string, body: string, atSec?: number): void
  card(): Record<string, string>
  setCard(values: Record<string, unknown>): void
  /** How it behaves from now on, by verb. */
  setMode(modes: Partial<Record<Verb, Mode>>): void
  /** The most calls that ran at one moment. */
  most(): number
  /** Calls that run now. */
  running(): number
}

/** Puts the stand-in on the world's PATH, with a card in the state `running` that its commands know as their own. */
export function makeBoard(world: World, name = 'board'): Board {
  const folder = join(world.root, name)
  mkdirSync(join(folder, 'running'), { recursive: true })
  const program = join(world.bin, 'hermes')
  const script = resolve(import.meta.dirname, 'hermes-stand-in.cjs')
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${script}' "$@"\n`)
  chmodSync(program, 0o755)
  const env = { HERMES_STAND_IN: folder, HERMES_KANBAN_TASK: CARD, HERMES_PROFILE: WORKER }
  Object.assign(world.env, env)
  const read = (file: string, otherwise: string) =>
    existsSync(join(folder, file)) ? readFileSync(join(folder, file), 'utf8') : otherwise
  const write = (file: string, value: unknown) => {
    writeFileSync(join(folder, `${file}.new`), JSON.stringify(value))
    renameSync(join(folder, `${file}.new`), join(folder, file))
  }
  const board: Board = {
    env,
    calls(verb) {
      const lines = read('argv.jsonl', '').split('\n').slice(0, -1)
      const calls = lines.map(line => JSON.parse(line) as string[])
      return calls.filter(words => verb === undefined || words[1] === verb)
    },
    comments: () => JSON.parse(read('comments.json', '[]')),
    comment(author, body, atSec = Math.floor(Date.now() / 1000)) {
      write('comments.json', [...board.comments(), { author, body, created_at: atSec }])
    },
    card: () => JSON.parse(read('card.json', '{}')),
    setCard: values => write('card.json', { id: CARD, ...board.card(), ...values }),
    setMode: modes => write('mode.json', modes),
    most: () => Math.max(0, ...read('at-once', '').split('\n').map(Number)),
    running: () => readdirSync(join(folder, 'running')).filter(pid => lives(Number(pid))).length,
  }
  board.setCard({ status: 'running' })
  return board
}
