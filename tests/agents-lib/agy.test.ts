import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { agy } from '#lib/agents/agy.ts'
import { ID, OTHER_ID, saidBy, World } from './world.ts'

let world: World
beforeEach(() => (world = new World()))
afterEach(() => world.close())

const LAUNCHED = '22222222-2222-4222-8222-222222222222'

describe('agy', () => {
  const root = '.gemini/antigravity-cli'
  const lock = (id: string) => `/h/${root}/presence/${id}.lock`
  const db = (id: string) => `/h/${root}/conversations/${id}.db`

  it('holds the lock of its conversation open, or its database', () => {
    expect(saidBy(agy, world, ['agy'], {}, [db(OTHER_ID), lock(ID), '/x'])).toEqual([ID, 'open lock'])
    expect(saidBy(agy, world, ['agy'], {}, [db(ID), `${db(ID)}-wal`])).toEqual([ID, 'open lock'])
    expect(saidBy(agy, world, ['agy'], {}, [db(ID), db(OTHER_ID)])).toBe('ambiguous')
  })

  it('holds those of its sub-agents too, which have a parent', () => {
    const path = join(world.folder(root), 'conversation_summaries.db')
    const sql = `CREATE TABLE conversation_summaries(conversation_id TEXT, parent_conversation_id TEXT);
      INSERT INTO conversation_summaries VALUES('${ID}', ''), ('${OTHER_ID}', '${ID}')`
    expect(spawnSync('sqlite3', [path, sql]).status).toBe(0)
    expect(saidBy(agy, world, ['agy'], {}, [db(ID), db(OTHER_ID)])).toEqual([ID, 'open lock'])
  })

  it('names its conversation in the log file that was given to it alone: the last one', () => {
    const log = world.write(
      'pane.log',
      `Created conversation ${OTHER_ID}\nx Conversation using ID: ${ID}\nConversation ${LAUNCHED}\n`,
    )
    expect(saidBy(agy, world, ['agy', '--log-file', log])).toEqual([ID, 'log file'])
    expect(saidBy(agy, world, ['agy', '--log-file', 'pane.log'], { cwd: world.home })).toEqual([ID, 'log file'])
    expect(saidBy(agy, world, ['agy'], { logFile: log })).toEqual([ID, 'log file'])
    expect(saidBy(agy, world, ['agy', '--conversation', LAUNCHED], { logFile: '/nowhere' })).toEqual([
      LAUNCHED,
      'launch id',
    ])
    expect(saidBy(agy, world, ['agy'])).toBe('none')
  })

  it('keeps it as a database; the transcript beside it tells a turn', () => {
    const artifact = () => agy.artifact(ID, undefined, world.context())
    expect(artifact()).toMatchObject({ state: 'absent' })
    const old = world.write(`${root}/conversations/${ID}.pb`, '')
    expect(artifact()).toEqual({ state: 'present', turn: 'unknown', path: old })
    const path = world.write(`${root}/conversations/${ID}.db`, '')
    const log = (text: string) => world.write(`${root}/brain/${ID}/.system_generated/logs/transcript.jsonl`, text)
    log('{"step_index":0,"source":"SYSTEM","type":"NOTE","content":"USER_INPUT"}\n')
    expect(artifact()).toEqual({ state: 'present', turn: 'no', path })
    log('{"step_index":0,"source":"USER_EXPLICIT","type":"USER_INPUT","content":"hi"}\n')
    expect(artifact()).toEqual({ state: 'present', turn: 'yes', path })
    expect(agy.artifact('../x', undefined, world.context()).state).toBe('unknown')
  })
})
