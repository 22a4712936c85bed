import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { codex } from '#lib/agents/codex.ts'
import { findAgent } from '#lib/agents/find.ts'
import { linuxProcesses } from '#lib/system/processes-linux.ts'
import { aLook, saidBy, until, World } from './world.ts'

let world: World
beforeEach(() => (world = new World()))
afterEach(() => world.close())

const OLD = '019a9c00-0000-7000-8000-000000000001'
const NEW = '019a9c11-0000-7000-8000-000000000002'

describe('codex', () => {
  it('holds the locks of its threads open: the youngest is the one it is in', async () => {
    const locks = [NEW, OLD].map(id => world.write(`.codex/thread-writer-locks/${id}.lock`, ''))
    const script = world.write(
      'bin/codex',
      `for (const lock of ${JSON.stringify(locks)}) require('fs').openSync(lock, 'a'); setInterval(() => {}, 1000)`,
    )
    const pid = world.start('bash', ['-c', `node ${script}; true`])
    const seen = await until('a lock', () => {
      const processes = linuxProcesses()
      const answer = findAgent(pid, [codex], processes)
      if (answer.kind !== 'found') return undefined
      const sight = codex.liveId(aLook({ agent: answer.agent }), world.context({}, processes))
      return sight.kind === 'id' && sight.evidence
    })
    expect(seen).toEqual({ id: NEW, source: 'open lock', detail: locks[0] })
  })

  it('without locks is known by what it resumed', () => {
    expect(saidBy(codex, world, ['codex', 'resume', OLD, 'go on'])).toEqual([OLD, 'launch id'])
    expect(saidBy(codex, world, ['codex', 'fork', OLD])).toBe('none')
    expect(saidBy(codex, world, ['codex', 'resume', '--last'])).toBe('none')
    expect(saidBy(codex, world, ['codex'], { launchId: OLD })).toEqual([OLD, 'launch id'])
    expect(saidBy(codex, world, ['codex'], {}, ['/x/thread-writer-locks/evil.lock', `/x/${OLD}.lock (deleted)`])).toBe(
      'none',
    )
  })

  it('keeps a thread under the day of its id, later in the archive; where the file is there is a turn', () => {
    const artifact = (env = {}) => codex.artifact(OLD, undefined, world.context(env))
    expect(artifact()).toMatchObject({ state: 'absent', turn: 'no' })
    // 0x019a9c000000 ms: 2025-11-19.
    const day = new Date(0x019a9c000000)
    const folder = [day.getFullYear(), day.getMonth() + 1, day.getDate()].map(n => String(n).padStart(2, '0')).join('/')
    for (const path of [
      `.codex/sessions/${folder}/rollout-2025-11-19T10-00-00-${OLD}.jsonl`,
      `.codex/sessions/${folder}/rollout-2025-11-19T10-00-00-${OLD}.jsonl.zst`,
      `.codex/sessions/2031/01/01/rollout-2025-11-19T10-00-00-${OLD}.jsonl`,
      `.codex/archived_sessions/rollout-2025-11-19T10-00-00-${OLD}.jsonl`,
    ]) {
      const full = world.write(path, '')
      expect(artifact()).toEqual({ state: 'present', turn: 'yes', path: full })
      rmSync(full)
    }
    expect(artifact().state).toBe('absent')
    world.write(`own/sessions/2025/11/19/rollout-x-${OLD}.jsonl`, '')
    expect(artifact({ CODEX_HOME: join(world.home, 'own') }).state).toBe('present')
    expect(codex.artifact('../../x', undefined, world.context()).state).toBe('unknown')
  })

  it.each([
    ['⠼ fresh', 'working'],
    ['[ . ] Action Required | fresh', 'waiting'],
    ['[ ! ] Action Required | fresh', 'waiting'],
    ['fresh', 'idle'],
    ['myhost', undefined],
    ['', undefined],
  ])('with the title %j is %s', (title, state) => {
    expect(codex.state?.(aLook(), title, undefined, world.context())?.state).toBe(state)
  })

  it('idle by its title after its usage limit is limited, until the next prompt', () => {
    const limit = '{"type":"event_msg","payload":{"type":"error","codex_error_info":"usage_limit_exceeded"}}\n'
    const prompt = '{"type":"event_msg","payload":{"type":"user_message"}}\n'
    const state = (text: string) => {
      world.write(`.codex/sessions/2025/11/19/rollout-x-${OLD}.jsonl`, text)
      return codex.state?.(aLook(), 'fresh', OLD, world.context())?.state
    }
    expect(state(prompt + limit)).toBe('limited')
    expect(state(prompt + limit + prompt)).toBe('idle')
  })
})
