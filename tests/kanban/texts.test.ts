/** What reaches a card: its forms, its ids, and texts without secrets. */
import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { answerOf, isStop, readCard } from '#lib/kanban/answers.ts'
import { cardId } from '#lib/kanban/card-id.ts'
import { cleanText } from '#lib/kanban/clean.ts'
import { blockWords, commentWords, completeWords, heartbeatWords, showWords } from '#lib/kanban/forms.ts'
import { secretsIn } from '#lib/system/clean-text.ts'
import { isCodedError } from '#lib/system/errors.ts'
import { makeWorld } from '../harness/world.ts'
import { CARD, makeBoard, WORKER } from './board.ts'

const clean = (text: string) => cleanText(text, 4000)

describe('a text for a card', () => {
  it.each([
    ['mqtt://me:hunter2@broker:1883', 'hunter2'],
    ['mqtts://me:p@ss:w@broker.example.org', 'p@ss'],
    ['mqtts://me:pa/ss@broker.example.org', 'pa/ss'],
    ['wss://token@broker/mqtt', 'token@'],
    ['Authorization: Bearer abcdef0123456789', 'abcdef0123456789'],
    ['key sk-ant-api03-abcDEF_123-xyz used', 'api03'],
    ['ghp_abcdefghijklmnopqrstuvwxyz012345', 'ghp_abc'],
    ['github_pat_11ABCDEFG0abcdefghij', '11ABCDEFG'],
    ['npm_abcdefghijklmnop and glpat-abcdefghijkl', 'abcdefghijkl'],
    ['AKIAIOSFODNN7EXAMPLE', 'IOSFODNN'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-def', 'eyJzdWIi'],
    [`job secret ${'0123456789abcdef'.repeat(4)} there`, '0123456789abcdef'],
    ['MQTT_PASSWORD=hunter2!', 'hunter2'],
    ['{"secret": "s3cr3t value"}', 's3cr3t'],
    ['claude --api-key "a b c"', 'a b c'],
    ['-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----', 'MIIE'],
    // Hidden characters do not hide a secret from us.
    ['sk-\u200bant-api03-abcDEF123', 'abcDEF123'],
  ])('%j keeps its secret to itself', (text, secret) => {
    expect(clean(text)).not.toContain(secret)
    expect(clean(text)).toContain('[redacted]')
  })

  it.each([
    'lab-creator-claude: tmux gone (was pane 5127, cmd claude). Marked terminated.',
    'session id materialized: 22222222-2222-4222-8222-222222222222',
    'mqtt://localhost:1883 and https://example.org/a?b=c',
    'renamed: lab|default is now task-token',
  ])('%j stays as it is', text => {
    expect(clean(text)).toBe(text)
  })

  it.each([
    'https://github.com/owner/repo/pull/12',
    'http://www.github.com/owner/repo/pull/12/files',
    'see github.com/owner/repo/pull/12#issuecomment-1',
    'HTTPS://GITHUB.COM/owner/repo/PULL/12',
    'https://github.com/owner/re\u200bpo/pull/12',
  ])('%j is no URL of a pull request any more', text => {
    expect(clean(text)).not.toMatch(/github\.com\/|\/pull\//i)
    expect(clean(text)).toContain('pull request 12 of owner repo')
  })

  it('holds neither, however their parts meet', () => {
    const url = [
      'https://',
      'github.com',
      '/',
      '/',
      'pull',
      'pulls',
      '12',
      'owner',
      'a-b',
      '\u200b',
      ' ',
      '\n',
      '?',
      '#',
      ':',
    ]
    const secret = ['mqtt://me:', 'hunter22', '@', 'host', '/', 'Bearer ', 'sk-hunter22', 'password=', '"', '=']
    const parts = fc.array(fc.constantFrom(...url, ...secret), { maxLength: 24 })
    fc.assert(
      fc.property(parts, fc.integer({ min: 1, max: 300 }), (words, most) => {
        const text = cleanText(words.join(''), most)
        expect(text.length).toBeLessThanOrEqual(most)
        expect(text).not.toMatch(/github\.com\/[^/\s]+\/[^/\s]+\/pull\/\d+/i)
        expect(text).not.toMatch(/:\/\/me:hunter22@|Bearer hunter22|(?<![a-z])sk-hunter22|password=hunter22/)
      }),
      { numRuns: 3000 },
    )
  })

  it.each(['a', 'a://u:', 'github.', 'token="', '-----BEGIN ', 'password ', '{', 'github.com/a/'])(
    'of a megabyte of %j is clean in no time',
    part => {
      const began = performance.now()
      cleanText(part.repeat(1_000_000 / part.length), 4000)
      expect(performance.now() - began).toBeLessThan(8000)
    },
  )

  it('holds no control character, and no value of a variable named like a secret', () => {
    const known = secretsIn({ MY_API_KEY: 'correct horse', PATH: '/usr/bin:/bin', SHORT_TOKEN: 'abc' })
    expect(known).toEqual(['correct horse'])
    expect(cleanText('a\u001b[2Jb\r\ncorrect horse', 4000, known)).toBe('a\\x1b[2Jb\\x0d\n[redacted]')
  })

  it('is cut after it was cleaned, between whole characters', () => {
    expect(cleanText(`${'x'.repeat(90)} sk-ant-api03-abcdefghijkl`, 100)).toBe(`${'x'.repeat(90)} [redacte…`)
    expect(cleanText('😀'.repeat(10), 6)).toBe('😀😀…')
  })
})

describe('a card’s id', () => {
  it.each(['t_0000c0de', 'T1', 'a.b-c_d'])('%s is taken', id => {
    expect(cardId(id, {})).toBe(id)
  })

  it('comes from the worker’s surroundings with `env`, and only then', () => {
    expect(cardId('env', { HERMES_KANBAN_TASK: CARD })).toBe(CARD)
    expect(cardId('t_1', { HERMES_KANBAN_TASK: CARD })).toBe('t_1')
  })

  it.each(['-t_1', '--title', 't 1', '../t', 't_1\n', 't;1', '', 'x'.repeat(65), 't_é'])('%j is refused', id => {
    for (const [flag, env] of [
      [id, {}],
      ['env', { HERMES_KANBAN_TASK: id }],
    ] as const)
      try {
        expect(cardId(flag, env)).toBe('nothing')
      } catch (error) {
        expect(isCodedError(error) && [error.code, error.exit]).toEqual(['usage', 2])
      }
  })
})

describe('the forms', () => {
  const hermes = (words: string[], board: ReturnType<typeof makeBoard>, env: Record<string, string>) => {
    const ran = spawnSync('hermes', words, { env: { ...env, ...board.env }, encoding: 'utf8' })
    return { code: ran.status, stdout: ran.stdout, stderr: ran.stderr }
  }
  const there = () => {
    const world = makeWorld()
    const board = makeBoard(world)
    return { board, ran: (words: string[]) => hermes(words, board, world.env) }
  }

  it.each(['plain', '--author me', '-', '- a list\n- of two', "it's $HOME `x`", '--'])(
    'the comment %j arrives as it is',
    text => {
      const { board, ran } = there()
      expect(ran(commentWords(CARD, text))).toEqual({ code: 0, stdout: `Comment added to ${CARD}\n`, stderr: '' })
      expect(board.comments()).toMatchObject([{ author: WORKER, body: text }])
    },
  )

  it('heartbeat, show, block and complete are understood, whatever their text begins with', () => {
    const { board, ran } = there()
    expect(ran(heartbeatWords(CARD, '--note')).code).toBe(0)
    expect(readCard(ran(showWords(CARD)).stdout)).toMatchObject({ task: { id: CARD, status: 'running' }, comments: [] })
    expect(ran(blockWords(CARD, '-x stop')).code).toBe(0)
    expect(board.card()).toMatchObject({ status: 'blocked', reason: '(-x stop)', kind: 'needs_input' })
    expect(ran(completeWords(CARD, '--done')).code).toBe(0)
    expect(board.card()).toMatchObject({ status: 'done', summary: '(--done)' })
  })

  it('the stand-in refuses what Hermes refuses', () => {
    const { ran } = there()
    expect(ran(['kanban', 'create', '--title', 'x']).code).toBe(2)
    expect(ran(['kanban', 'block', CARD, '--kind', 'needs_input', 'reason']).code).toBe(2)
    expect(ran(['kanban', 'comment', CARD, '- a list']).code).toBe(2)
    expect(ran(['kanban', 'comment', '--', 't_other', 'text']).code).toBe(1)
    expect(ran(['kanban', 'comment', '--', CARD, '  ']).code).toBe(1)
  })
})

describe('an answer', () => {
  const exit = (code: number, stderr = '') => answerOf({ kind: 'exit', code, stdout: '', stderr }).is

  it('is a refusal only when Hermes says no', () => {
    expect(exit(1, `cannot heartbeat ${CARD} (not running?)`)).toBe('refused')
    expect(exit(1, `WARNING OperationalError earlier\ncannot heartbeat ${CARD} (not running?)`)).toBe('refused')
    expect(exit(1, 'no such task: t_1')).toBe('refused')
    expect(exit(1)).toBe('refused')
  })

  it('is trouble where nothing is known', () => {
    expect(exit(1, 'kanban: could not initialize database: database is locked')).toBe('trouble')
    expect(exit(1, 'Traceback (most recent call last):\n  …\nImportError: no module')).toBe('trouble')
    expect(exit(2, 'usage: hermes …')).toBe('trouble')
    expect(exit(127)).toBe('trouble')
    expect(answerOf({ kind: 'missing' }).is).toBe('trouble')
    expect(answerOf({ kind: 'timeout', ms: 30_000 })).toEqual({
      is: 'trouble',
      why: 'hermes did not answer in 30 s',
    })
    expect(readCard('{"task":{}}')).toBeUndefined()
    expect(readCard('no JSON')).toBeUndefined()
  })

  it.each(['stop', 'Stop.', ' STOP monitoring!\n', '`stop`'])('%j asks the monitor to leave', body => {
    expect(isStop({ body })).toBe(true)
  })

  it.each(['do not stop', 'stop the other one', 'stopped', 'stop?', 'stop, then start', ''])('%j does not', body => {
    expect(isStop({ body })).toBe(false)
  })
})
