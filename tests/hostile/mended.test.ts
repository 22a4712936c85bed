/** What the fuzzers found once: each has a case of its own. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { boundedPattern } from '#lib/agents/bounded-pattern.ts'
import { projectKey } from '#lib/agents/claude-transcripts.ts'
import { readConfig } from '#lib/agents/config.ts'
import { configSchema, customAdapter } from '#lib/agents/custom.ts'
import { driverNamed } from '#lib/agents/drive/table.ts'
import { stateFromScreen } from '#lib/agents/screen.ts'
import { jobDetails } from '#lib/commands/delegate/show-job.ts'
import { print, tellError } from '#lib/commands/run.ts'
import { visible } from '#lib/commands/visible.ts'
import { ingest } from '#lib/delegate/ingest.ts'
import { memoryPath, readMemory } from '#lib/reconcile/memory-file.ts'
import { stateFile } from '#lib/reconcile/state-file.ts'
import { archivedRows } from '#lib/registry/archive.ts'
import { compareBackup } from '#lib/registry/backup.ts'
import { requireRegistry } from '#lib/registry/locate.ts'
import { readRegistryText } from '#lib/registry/read.ts'
import { readRegistryFile } from '#lib/registry/store.ts'
import { CodedError, EXIT } from '#lib/system/errors.ts'
import { cleanPrompt } from '#lib/tmux/clean-prompt.ts'
import { lookIn } from '../../tools/proof/hostile/machine.ts'
import { aJob } from '../jobs/jobs.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync('/tmp/as-mended-')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Milliseconds of work that it took: on a machine that is busy a clock would count others' work, too. */
function took(fn: () => unknown): number {
  const began = process.cpuUsage()
  fn()
  return since(began)
}

function since(began: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(began)
  return (user + system) / 1000
}

function configWith(pattern: string) {
  const read = configSchema.parse({ agents: { bot: { screen: [{ state: 'idle', pattern }], turn: pattern } } })
  return customAdapter('bot', read.agents?.['bot'] ?? {})
}

describe('a pattern of the config', () => {
  test.each(['.*.*.*x', '(?:aa?)+x', '(?:a?){30}x'])(
    'that takes for ever is given up, and matches nothing: %s',
    pattern => {
      const screen = Array.from({ length: 100 }, () => 'a'.repeat(300)).join('\n')
      const adapter = configWith(pattern)
      expect(took(() => expect(stateFromScreen(screen, adapter.screen)).toBeUndefined())).toBeLessThan(2000)
      // By then it is not even tried.
      stateFromScreen(screen, adapter.screen)
      expect(took(() => stateFromScreen(screen, adapter.screen))).toBeLessThan(100)
    },
  )

  test.each([
    ['^> (.*)$', '> draft', 'draft'],
    ['(\\d+) of (\\d+)', '3 of 5', '3'],
    ['(?<word>w\\w+)', 'a word', 'word'],
  ])('that is quick gives what it catches: %s', (source, text, first) => {
    expect(boundedPattern(source).exec(text)?.[1]).toBe(first)
    expect(boundedPattern(source).test('—')).toBe(false)
  })

  test('that is quick matches although the machine stands still in the middle of it, and is not given up', () => {
    // Takes some milliseconds, and then it matches.
    const source = '(?:a|a)*c|a*b'
    const text = (length: number) => `${'a'.repeat(length)}b`
    let length = 8
    while (took(() => new RegExp(source).exec(text(length))) < 4) length++
    const pattern = boundedPattern(source)
    const script = `for i in 1 2 3 4; do sleep 0.1; kill -STOP ${process.pid}; sleep 0.4; kill -CONT ${process.pid}; done`
    spawn('/bin/sh', ['-c', script], { stdio: 'ignore' })
    for (const began = performance.now(); performance.now() - began < 2500; )
      expect(pattern.exec(text(length))?.[0]).toBe(text(length))
  })

  test('that only works without the flag it is used with is refused where it stands', async () => {
    const path = join(folder, 'agent-sessions.config.yaml')
    writeFileSync(path, 'agents:\n  x:\n    start: []\n    choice_mark: "(?!b){2,}"\n')
    await expect(readConfig(path)).rejects.toThrow(`${path}:4:18: agents.x.choice_mark`)
  })

  test('for turns does not read a long artifact for ever', () => {
    const path = join(folder, 'a.jsonl')
    writeFileSync(path, `${'a'.repeat(1999)}\n`.repeat(4000))
    const read = configSchema.parse({ agents: { bot: { turn: '.*.*x', artifact: `${folder}/{id}.jsonl` } } })
    const adapter = customAdapter('bot', read.agents?.['bot'] ?? {})
    const look = () => adapter.artifact('a', undefined, { env: {}, processes: {} as never }, { turn: true })
    expect(took(() => expect(look().state).toBe('present'))).toBeLessThan(2000)
  })
})

test('an unsigned event that is nested without end is refused where unsigned ones are taken', async () => {
  const job = aJob()
  const deep = `{"job_id":"${job.id}","event":"progress","data":${'['.repeat(20_000)}${']'.repeat(20_000)}}`
  const settings = { prefix: 'p', acceptUnsigned: true }
  const to = { folder, registryPath: job.registry, settings, nowMs: Date.now, jobs: {} as never }
  const taken = await ingest(to, `p/${job.id}/events`, Buffer.from(deep), false)
  expect(taken).toEqual({ kind: 'refused', why: 'nested deeper than 16' })
})

describe('an archive', () => {
  const rows = (text: string) => () => archivedRows(text, '/a.yaml')
  test('of aliases that unfold without end is refused with its place', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    for (let at = 1; at < 9; at++)
      lines.push(
        `a${at}: &a${at} [${Array(10)
          .fill(`*a${at - 1}`)
          .join(', ')}]`,
      )
    expect(rows(`${lines.join('\n')}\n`)).toThrow(expect.objectContaining({ code: 'archive-broken' }))
  })
  test('nested too deeply for the library is refused', () => {
    expect(rows(`x: ${'['.repeat(30_000)}`)).toThrow(expect.objectContaining({ code: 'archive-broken' }))
  })
  test('with very many keys is read at once', () => {
    const text = Array.from({ length: 30_000 }, (_, at) => `k${at}: v`).join('\n')
    // Compared each with each they would need half a minute.
    expect(took(rows(text))).toBeLessThan(8000)
  })
})

describe('an error', () => {
  const long = 'k'.repeat(100_000)
  test.each([`${long}: 1\n${long}: 2\n`, `x: *${long}\n`, `tmux_sessions:\n- name: ${long}\n  status: no\n`])(
    'about a registry with a word of 100,000 letters is short, and names the file',
    async text => {
      const error = await readRegistryText(text, '/r.yaml').catch(error => error)
      expect(error.message).toMatch(/^\/r\.yaml:/)
      expect(error.message.length).toBeLessThan(1000)
    },
  )
  test('about what somebody gave does not fill a screen, nor does it command the terminal', () => {
    const texts: string[] = []
    const { write } = process.stderr
    process.stderr.write = ((text: string) => texts.push(text) > 0) as typeof write
    try {
      for (const json of [false, true])
        tellError('x', new CodedError('usage', EXIT.broken, `got "\u009b31m\u202e${long}"`), json)
    } finally {
      process.stderr.write = write
    }
    expect(texts.map(text => text.length < 4000)).toEqual([true, true])
    expect(texts.join('')).not.toMatch(/[\u0080-\u009f\u202e]/)
    expect(JSON.parse(texts[1] ?? '').error.message).toMatch(/^got "\u009b31m\u202ekkk/)
  })
})

test('what is printed as JSON means the same, and has nothing in it that a terminal obeys', async () => {
  const name = 'a\u009b31m\u202egpj\u2028\x7f'
  let text = ''
  const { write } = process.stdout
  process.stdout.write = ((piece: string, done: () => void) => {
    text += piece
    done()
    return true
  }) as typeof write
  await print(`${JSON.stringify({ name })}\n`).finally(() => {
    process.stdout.write = write
  })
  expect(text).toMatch(/^[\x20-\x7e]*\n$/)
  expect(JSON.parse(text)).toEqual({ name })
  expect(visible(name)).toBe('a\\x9b31m\\u202egpj\\u2028\\x7f')
})

test('a job that is shown commands no terminal, whatever its file says of its end', () => {
  const job = aJob({ state: 'error', ended_at: '\u001b[2Jnow', ended_at_epoch: 1 })
  expect(jobDetails(job, 0)).toContain('\\x1b[2Jnow')
})

test('ends of a paste within ends of a paste are all taken out, however many', () => {
  const text = '\x1b[20'.repeat(60_000) + '1~'.repeat(60_000)
  expect(took(() => expect(cleanPrompt(`a${text}b`)).toBe('ab'))).toBeLessThan(1000)
})

test('a registry of a name longer than any file has is not there', () => {
  const where = { flag: 'x'.repeat(100_000), env: {}, cwd: '/tmp' }
  expect(() => requireRegistry(where)).toThrow(expect.objectContaining({ code: 'no-registry' }))
})

describe('in the place of a file', () => {
  const HERMES = () => join(folder, 'lab/.hermes')
  beforeEach(() => mkdirSync(HERMES(), { recursive: true }))
  const registry = (text: string) => {
    const path = join(HERMES(), 'agent-sessions.yaml')
    writeFileSync(path, text)
    return path
  }

  test('a link to a device is no config, and is not read', async () => {
    const path = join(HERMES(), 'agent-sessions.config.yaml')
    symlinkSync('/dev/zero', path)
    await expect(readConfig(path)).rejects.toMatchObject({
      code: 'config-broken',
      message: expect.stringContaining(path),
    })
  })

  test('a link to a device is no memory, and is not read', async () => {
    const path = await memoryPath(registry('tmux_sessions: []\n'), {})
    mkdirSync(join(path, '..'), { recursive: true })
    symlinkSync('/dev/zero', path)
    symlinkSync('/dev/zero', path.replace(/state$/, 'x.state'))
    expect(await readMemory(path)).toEqual({ schema: 1, told: {}, pending: [] })
    const kept = await stateFile(join(HERMES(), 'agent-sessions.yaml'), 'x', {}, value => value as object, { none: 1 })
    expect(kept.read()).toEqual({ none: 1 })
  })

  test('a link to itself is told as a memory that cannot be used', async () => {
    const path = await memoryPath(registry('tmux_sessions: []\n'), {})
    mkdirSync(join(path, '..'), { recursive: true })
    symlinkSync(path, path)
    await expect(readMemory(path)).rejects.toMatchObject({ code: 'memory-unusable' })
  })

  test('a .bak that cannot be opened is told, and one that is a device is not read', async () => {
    const path = registry('')
    symlinkSync('/dev/zero', `${path}.bak`)
    expect((await readRegistryFile(path)).snapshot.registry).toEqual({})
    rmSync(`${path}.bak`)
    symlinkSync(`${path}.bak`, `${path}.bak`)
    await expect(compareBackup(path)).rejects.toMatchObject({
      code: 'registry-unreadable',
      message: expect.stringContaining(`${path}.bak`),
    })
  })
})

describe('a message of nothing but beginnings', () => {
  const many = 40_000
  test.each([
    ['claude', { type: 'queue-operation', operation: 'enqueue', content: '<pasted_content id="b">\n'.repeat(many) }],
    ['agy', { type: 'USER_INPUT', content: '<USER_REQUEST>'.repeat(many) }],
  ])('in a transcript of %s is read at once, and is what was typed', async (name, entry) => {
    const id = '33333333-3333-4333-8333-333333333333'
    const agy = `.gemini/antigravity-cli/brain/${id}/.system_generated/logs/transcript.jsonl`
    const path = join(folder, name === 'agy' ? agy : `.claude/projects/${projectKey(folder)}/${id}.jsonl`)
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, `${JSON.stringify(entry)}\n`)
    const { look, context } = lookIn(folder, [name])
    const driver = await driverNamed(name)
    const began = process.cpuUsage()
    const messages = await driver?.messagesSince(undefined, look, id, context)
    expect(since(began)).toBeLessThan(1500)
    expect(messages).toMatchObject([{ text: entry.content }])
  })
})
