import { describe, expect, it } from 'vitest'
import { claude } from '#lib/agents/claude.ts'
import { stateFromScreen } from '#lib/agents/screen.ts'
import { adapterNamed, adapters } from '#lib/agents/table.ts'
import type { AgentState } from '#lib/agents/types.ts'
import { fixture } from './world.ts'

const CAPTURED: [string, AgentState, string | undefined][] = [
  ['after', 'idle', undefined],
  ['draft', 'idle', undefined],
  ['idle', 'idle', undefined],
  ['interrupted', 'idle', undefined],
  ['permission', 'waiting', 'permission prompt'],
  ['queued', 'working', undefined],
  ['rate-limited', 'limited', 'rate_limit'],
  ['trust-dialog', 'waiting', 'trust'],
  ['working', 'working', undefined],
]

const RULE = '─'.repeat(100)
const box = (draft = '', footer = '  ? for shortcuts') => `${RULE}\n❯ ${draft}\n${RULE}\n${footer}\n`

describe('the captured screens of Claude Code 2.1.197', () => {
  it.each(CAPTURED)('%s is %s', (pane, state, detail) => {
    const sight = stateFromScreen(fixture(`panes/${pane}.txt`), claude.screen)
    expect(sight).toEqual({ state, ...(detail ? { detail } : {}), source: 'screen' })
  })

  it('says the same when the pane is padded with blanks and empty lines', () => {
    for (const [pane, state] of CAPTURED) {
      const padded = `${fixture(`panes/${pane}.txt`).replaceAll('\n', '   \n')}\n\n   \n`
      expect(stateFromScreen(padded, claude.screen)?.state, pane).toBe(state)
    }
  })
})

describe('words quoted in a conversation', () => {
  const QUOTED = [
    '● The footer says "esc to interrupt" while it works.\n\n',
    '● Do you want to proceed?\n  ❯ 1. Yes\n    2. No\n\n  Esc to cancel · Tab to amend\n\n',
    "● It prints: You've hit your limit\n\n❯ and then?\n\n● Nothing.\n\n",
    '● API Error: Request rejected (429) · later\n\n❯ again\n\n● Done.\n\n✻ Cooked for 3s\n\n',
    '● Quick safety check: Is this a project you trust?\n  Enter to confirm · Esc to cancel\n\n',
    '❯ ✶ Moonwalking… is the spinner\n\n● Yes.\n\n',
    '● * a list…\n  * Moonwalking… (3s)\n\n',
    '✶ Moonwalking…\n\n● An answer below an old screen of a shell.\n\n',
    '● What do you want to do?\n  Stop and wait for limit to reset\n\n',
  ]
  it.each(QUOTED)('do not turn an idle agent into another: %j', text => {
    expect(stateFromScreen(text + box(), claude.screen)?.state).toBe('idle')
  })

  it('in a draft do not either', () => {
    for (const draft of ['esc to interrupt', '1. Yes\n  Esc to cancel', 'line\n  esc to interrupt\n  more'])
      expect(stateFromScreen(box(draft, '  ctrl+g to edit in Vim'), claude.screen)?.state).toBe('idle')
  })
})

describe('an agent that works is never idle', () => {
  const WORKING = [
    `✶ Moonwalking…\n\n${box()}`,
    `✻ Pondering… (12s · ↓ 340 tokens)\n  ⎿  Tip: use /clear\n\n${box('draft')}`,
    box('', '  ⏵⏵ accept edits on (shift+tab to cycle) · esc to interrupt'),
    box('a draft', '  esc to interrupt'),
    `● Bash(make)\n  ⎿  Running…\n\n· Tinkering…\n\n  ❯ queued\n${box('Press up to edit queued messages')}`,
  ]
  it.each(WORKING)('%#', text => {
    expect(stateFromScreen(text, claude.screen)?.state).toBe('working')
  })
})

const OTHERS: [string, string, AgentState | undefined][] = [
  ['codex', '• Working (4s • esc to interrupt)\n\n› Ask Codex to do anything\n\n  ? for shortcuts', 'working'],
  [
    'codex',
    '• Messages to be submitted after next tool call (press esc to inter\n  ↳ and then\n\n› more\n\n  ? for shortcuts',
    'working',
  ],
  ['codex', '› Ask Codex to do anything\n\n  ← for agents · ? for shortcuts', 'idle'],
  // Before it asks whether the folder is trusted.
  ['codex', '  >_ OpenAI Codex (v0.169.0)\n\n› Ask Codex to do anything\n\n  ? for shortcuts', undefined],
  [
    'codex',
    'Would you like to run the following command?\n\n  $ make\n\n› 1. Yes, proceed (y)\n  2. No\n\n  Press enter to confirm or esc to cancel',
    'waiting',
  ],
  ['codex', 'Trust this folder?\n\n› 1. Trust and continue\n  2. Quit', 'waiting'],
  ['codex', 'Trust this folder?\n\n  1. Trust and continue\n› 2. Quit', 'waiting'],
  ['codex', '■ You’ve hit your usage limit. Upgrade or try again at 4:24 AM.\n\n› Ask\n\n  ? for shortcuts', 'limited'],
  ['gemini', '⠏ Thinking... (esc to cancel, 5s)\n\n >   Type your message or @path/to/file\n', 'working'],
  ['gemini', ' >   Type your message or @path/to/file\n\n ~/x   no sandbox', 'idle'],
  ['gemini', 'Allow execution of: make?\n\n● 1. Allow once\n  2. Allow always\n', 'waiting'],
  ['opencode', '┃ Ask anything…\n  esc interrupt      ctrl+p commands', 'working'],
  ['opencode', '┃ Ask anything…\n        ctrl+p commands', 'idle'],
  ['opencode', '△ Permission required\n  $ make\n\n Allow once  Allow always  Reject', 'waiting'],
  ['agy', 'Run this command?\n  make\n> Allow once\n  Deny\n esc to cancel', 'waiting'],
  ['agy', `⠋ Generating...\n${RULE}\n>\n${RULE}\n esc to cancel`, 'working'],
  ['agy', `${RULE}\n>\n${RULE}\n ? for shortcuts`, 'idle'],
  ['claude', '$ ls\nREADME.md\n$ ', undefined],
]

describe('marks of every agent', () => {
  it.each(OTHERS)('%s: %j is %s', (name, text, state) => {
    expect(stateFromScreen(text, adapterNamed(name)?.screen ?? [])?.state).toBe(state)
  })

  it('stand in an order in which idle comes last and each names its source', () => {
    for (const { name, screen } of adapters) {
      const states = screen.map(mark => mark.state)
      expect(states.indexOf('idle'), name).toBe(states.length - 1)
      expect(
        screen.every(mark => mark.source !== '' && !mark.pattern.global),
        name,
      ).toBe(true)
    }
  })

  it('are searched fast on screens made to be slow', () => {
    const pieces = [
      'Do you want ',
      '❯ 1. Yes',
      'Quick safety check:',
      '✶ a…',
      RULE,
      '❯ ',
      ' '.repeat(200),
      '● x',
      '( '.repeat(90),
    ]
    for (const one of pieces)
      for (const two of pieces) {
        const text = `${one}\n${two}\n`.repeat(200)
        const begin = performance.now()
        for (const { screen } of adapters) stateFromScreen(text, screen)
        expect(performance.now() - begin, JSON.stringify([one, two])).toBeLessThan(500)
      }
  })
})
