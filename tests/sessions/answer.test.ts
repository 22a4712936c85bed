import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { answerQuestion, readChoices } from '#lib/sessions/answer.ts'
import { thisMachine } from '#lib/system/machine.ts'
import { screenLines } from '#lib/tmux/ansi.ts'
import { type Live, newSession, tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'

const LAB = 'lab'
const PANES = resolve(import.meta.dirname, '../fixtures/claude-code-2.1.197/panes')
const fixture = (name: string) => screenLines(readFileSync(join(PANES, name), 'utf8'))
const lines = (text: string) => text.split('\n').map(line => ({ text: line }))
const yes = (text: string) => ({ text, marked: true })
const no = (text: string) => ({ text, marked: false })

describe('readChoices', () => {
  test('a captured trust question', () => {
    expect(readChoices(fixture('trust-dialog.ansi'), /❯/u)).toEqual([yes('Yes, I trust this folder'), no('No, exit')])
  })

  test('a captured permission question', () => {
    const choices = [yes('Yes'), no('Yes, and always allow access to cc/ from this project'), no('No')]
    expect(readChoices(fixture('permission.ansi'), /❯/u)).toEqual(choices)
  })

  test.each(['idle.ansi', 'queued.ansi', 'after.ansi'])('%s asks nothing that can be chosen', name => {
    expect(readChoices(fixture(name), /❯/u).length).toBeLessThan(2)
  })

  test('a question that was answered is none any more once its program has gone on below it', () => {
    const gemini = resolve(import.meta.dirname, '../fixtures/gemini-cli-0.61.0')
    const asked = screenLines(readFileSync(join(gemini, 'trust.ansi'), 'utf8'))
    const after = screenLines(readFileSync(join(gemini, 'trust-answered.ansi'), 'utf8'))
    expect(readChoices(asked, /●/)).toEqual([
      yes('Trust folder (p1)'),
      no('Trust parent folder (gb)'),
      no("Don't trust"),
    ])
    expect(after.some(line => line.text.includes('● 1. Trust folder'))).toBe(true)
    expect(readChoices(after, /●/)).toEqual([])
  })

  test('choices without numbers, the second one marked', () => {
    const screen = ' Is this a project you trust?\n\n   No, exit\n ❯ Yes, I trust this folder\n\n Enter to confirm'
    expect(readChoices(lines(screen), /❯/u)).toEqual([no('No, exit'), yes('Yes, I trust this folder')])
  })

  test('in a frame, with a choice that goes on in the next line', () => {
    const screen =
      '│ Allow execution of: touch?  │\n│ ● 1. Allow once             │\n│   2. Allow always, from     │\n│      here on                │\n│   3. No                     │\n╰────╯'
    expect(readChoices(lines(screen), /●/)).toEqual([yes('Allow once'), no('Allow always, from'), no('No')])
  })

  test('a list in the conversation above is no part of the question', () => {
    const screen = '❯ 1. an old prompt\n  2. of two lines\n\n ❯ 1. Yes\n   2. No'
    expect(readChoices(lines(screen), /❯/u)).toEqual([yes('Yes'), no('No')])
  })
})

interface Asked {
  choices: string[]
  marked?: number
  deafMs?: number
  redrawMs?: number
}

/** Asks a question on its screen and writes what was chosen to a file; `none` stands there until then. */
async function asks(world: World, { choices, marked = 0, deafMs = 0, redrawMs = 0 }: Asked) {
  const [program, file] = [join(world.agents, 'asks.cjs'), join(world.root, 'chosen')]
  writeFileSync(file, 'none')
  writeFileSync(
    program,
    `const fs = require('node:fs'), choices = ${JSON.stringify(choices)}
     let marked = ${marked}, drawn = Date.now(), done = false
     const paint = () => process.stdout.write('\\x1b[2J\\x1b[H' + (done ? 'thanks' : 'Trust it?\\r\\n\\r\\n' +
       choices.map((c, i) => (i === marked ? ' ❯ ' : '   ') + c).join('\\r\\n') + '\\r\\n\\r\\nEnter to confirm'))
     const draw = () => ${redrawMs} ? setTimeout(paint, ${redrawMs}) : paint()
     process.stdin.setRawMode(true)
     process.stdin.on('data', data => { for (const key of data.toString().match(/\\x1b\\[.|\\r|./gs)) {
       if (done || Date.now() - drawn < ${deafMs}) continue
       if (key === '\\x1b[B') marked = (marked + 1) % choices.length
       if (key === '\\x1b[A') marked = (marked + choices.length - 1) % choices.length
       if (key === '\\r') { done = true; fs.writeFileSync(${JSON.stringify(file)}, choices[marked]) }
       draw()
     } })
     paint()`,
  )
  const session = newSession(world, LAB, 'asks', world.workspace, [process.execPath, program])
  await until('the question', () => screenOf(world, session).includes('Enter to confirm'))
  return { session, chosen: () => readFileSync(file, 'utf8'), machine: thisMachine(world.env) }
}

const screenOf = (world: World, session: Live) => tmux(world, LAB, ['capture-pane', '-p', '-t', session.paneId])

describe('answerQuestion', () => {
  const NO_FIRST = ['No, exit', 'Yes, I trust this folder']

  test.each<[string, Asked]>([
    ['the choice that is marked already', { choices: NO_FIRST.toReversed() }],
    ['the one below', { choices: NO_FIRST }],
    ['the one two above', { choices: ['Yes, I trust this folder', 'Ask again', 'No, exit'], marked: 2 }],
    ['numbered', { choices: ['1. No, exit', '2. Yes, I trust this folder'] }],
    ['one that takes no keys in its first second', { choices: NO_FIRST, deafMs: 1000 }],
    ['one that is drawn late', { choices: NO_FIRST, redrawMs: 600 }],
  ])('chooses %s', async (_what, asked) => {
    const world = makeWorld()
    const { session, chosen, machine } = await asks(world, asked)
    expect(await answerQuestion(machine, session, /^Yes, I trust/, /❯/u, 12_000)).toBe('answered')
    expect(chosen()).toContain('Yes, I trust this folder')
  })

  test.each<[string, Asked, string]>([
    ['a choice that is not there', { choices: ['No, exit', 'Maybe'] }, 'no such choice'],
    ['two that fit', { choices: ['Yes, once', 'Yes, always'] }, 'ambiguous'],
    ['a question that takes no keys at all', { choices: NO_FIRST, deafMs: 3_600_000 }, 'still there'],
  ])('%s is not answered', async (_what, asked, why) => {
    const world = makeWorld()
    const { session, chosen, machine } = await asks(world, asked)
    expect(await answerQuestion(machine, session, /^Yes/, /❯/u, 1000)).toBe(why)
    expect(chosen()).toBe('none')
  })

  test('a pane that runs something else now is left alone', async () => {
    const world = makeWorld()
    const { session, machine } = await asks(world, { choices: NO_FIRST })
    tmux(world, LAB, ['respawn-pane', '-k', '-t', session.paneId, '--', '/bin/cat'])
    expect(await answerQuestion(machine, session, /^Yes/, /❯/u, 2000)).toBe('lost')
    expect(screenOf(world, session).trim()).toBe('')
  })
})
