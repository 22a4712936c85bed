import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { opencode } from '#lib/agents/opencode.ts'
import { aLook, anAgent, saidBy, until, World } from './world.ts'

let world: World
beforeEach(() => (world = new World()))
afterEach(() => world.close())

describe('opencode', () => {
  const SES = 'ses_6f1a2b3cdffeAbCdEfGh'
  const artifact = () => opencode.artifact(SES, undefined, world.context())
  const database = (sql: string) => {
    const path = join(world.folder('.local/share/opencode'), 'opencode.db')
    const result = spawnSync('sqlite3', [path, sql], { encoding: 'utf8' })
    expect(result.stderr).toBe('')
    return path
  }
  const TABLES =
    'CREATE TABLE IF NOT EXISTS session(id TEXT, directory TEXT, parent_id TEXT); CREATE TABLE IF NOT EXISTS message(id TEXT, session_id TEXT, data TEXT);'

  it('is known by the session it was given', () => {
    expect(saidBy(opencode, world, ['opencode', '--session', SES])).toEqual([SES, 'launch id'])
    expect(saidBy(opencode, world, ['opencode', '-s', SES])).toEqual([SES, 'launch id'])
    expect(saidBy(opencode, world, ['opencode', '-s', "ses_' OR 1=1"])).toBe('none')
  })

  it('keeps it in its database, which is left as it was', () => {
    expect(artifact().state).toBe('unknown')
    const path = database(`PRAGMA journal_mode=wal; ${TABLES}`)
    expect(artifact()).toEqual({ state: 'absent', turn: 'no', path })
    database(`INSERT INTO session VALUES('${SES}', '/x', NULL)`)
    expect(artifact()).toEqual({ state: 'present', turn: 'no', path })
    expect(opencode.artifact("ses_x' OR '1'='1", undefined, world.context()).state).toBe('unknown')
    database(`INSERT INTO message VALUES('m', '${SES}', '{"role":"user"}')`)
    expect(artifact()).toEqual({ state: 'present', turn: 'yes', path })
    expect(readdirSync(join(world.home, '.local/share/opencode'))).toEqual(['opencode.db'])
  })

  it('is seen while somebody writes: what stands in the log counts', async () => {
    const path = database(`PRAGMA journal_mode=wal; ${TABLES}`)
    const script = `PRAGMA wal_autocheckpoint=0;\nINSERT INTO session VALUES('${SES}', '/x', NULL);\n.shell touch '${world.home}/ready'; sleep 60\n`
    const input = world.write('script.sql', script)
    world.start('bash', ['-c', `sqlite3 '${path}' < '${input}'`])
    await until('the write', () => existsSync(join(world.home, 'ready')))
    expect(artifact()).toMatchObject({ state: 'present' })
  })

  it('that cannot be read is unknown', () => {
    world.write('.local/share/opencode/opencode.db', 'no database at all')
    expect(artifact().state).toBe('unknown')
    rmSync(join(world.home, '.local'), { recursive: true })
    database('CREATE TABLE other(x)')
    expect(artifact().state).toBe('unknown')
  })

  it('kept it as JSON before', () => {
    const path = world.write(`.local/share/opencode/storage/session/proj/${SES}.json`, '{}')
    expect(artifact()).toEqual({ state: 'present', turn: 'no', path })
    world.write(`.local/share/opencode/storage/message/${SES}/msg_1.json`, '{"role":"user"}')
    expect(artifact()).toEqual({ state: 'present', turn: 'yes', path })
  })

  describe('its own server', () => {
    const PASSWORD = 'a pass:word'
    let answers: Record<string, unknown>
    let server: Server
    let port: number
    beforeEach(async () => {
      answers = { '/session/status': { [SES]: { type: 'busy' } }, '/permission': [], '/question': [] }
      server = createServer((request, response) => {
        const answer = answers[request.url ?? '']
        const wanted = `Basic ${Buffer.from(`opencode:${PASSWORD}`).toString('base64')}`
        if (answers['password'] && request.headers.authorization !== wanted) response.writeHead(401).end()
        else if (answer !== undefined) response.end(JSON.stringify(answer))
        else if (answers['hangs'] !== true) response.writeHead(404).end()
      })
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      port = (server.address() as AddressInfo).port
    })
    afterEach(async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    })
    const ask = (id = SES, { at = port, secretFile }: { at?: number; secretFile?: string } = {}) => {
      const agent = anAgent(['opencode', '--port', String(at)])
      return opencode.askState?.(aLook({ agent, cwd: '/lab', ...(secretFile ? { secretFile } : {}) }), id)
    }

    it.each<[string, Record<string, unknown>, unknown]>([
      ['works', {}, { state: 'working', source: 'api' }],
      [
        'asks',
        { '/permission': [{ sessionID: SES }] },
        { state: 'waiting', detail: 'permission prompt', source: 'api' },
      ],
      [
        'has a question',
        { '/question': [{ sessionID: SES }] },
        { state: 'waiting', detail: 'question', source: 'api' },
      ],
      ['is asked by another session', { '/permission': [{ sessionID: 'ses_o' }] }, { state: 'working', source: 'api' }],
      ['answers nonsense to one', { '/permission': 'x' }, { state: 'working', source: 'api' }],
      ['rests', { '/session/status': { [SES]: { type: 'idle' } } }, { state: 'idle', source: 'api' }],
      [
        'is held by a limit',
        { '/session/status': { [SES]: { type: 'retry', message: 'Rate limit reached' } } },
        { state: 'limited', detail: 'rate limit', source: 'api' },
      ],
      [
        'tries again',
        { '/session/status': { [SES]: { type: 'retry', message: 'overloaded' } } },
        { state: 'working', source: 'api' },
      ],
      [
        'tries again, for a reason that is no text',
        { '/session/status': { [SES]: { type: 'retry', message: { toString: 'limit' } } } },
        { state: 'working', source: 'api' },
      ],
      // Only what works is listed.
      [
        'is not listed among those of its folder',
        { '/session/status': {}, [`/session/${SES}`]: { id: SES, directory: '/lab' } },
        { state: 'idle', source: 'api' },
      ],
      [
        'is not listed, and of another folder',
        { '/session/status': {}, [`/session/${SES}`]: { id: SES, directory: '/other' } },
        undefined,
      ],
      ['is not known to it', { '/session/status': {} }, undefined],
    ])('tells when it %s', async (_what, more, state) => {
      Object.assign(answers, more)
      expect(await ask()).toEqual(state)
    })

    it('is asked with the password that the launch kept', async () => {
      answers['password'] = true
      expect(await ask()).toBeUndefined()
      const secretFile = world.write('own/x.secret', `${PASSWORD}\n`)
      expect(await ask(SES, { secretFile })).toEqual({ state: 'working', source: 'api' })
      expect(await ask(SES, { secretFile: `${secretFile}.gone` })).toBeUndefined()
    })

    it('says nothing where nobody listens, or where it does not answer in time', async () => {
      Object.assign(answers, { hangs: true, '/session/status': undefined })
      const begin = performance.now()
      expect(await ask()).toBeUndefined()
      expect(performance.now() - begin).toBeLessThan(10_000)
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
      expect(await ask()).toBeUndefined()
      expect(await ask(SES, { at: 70_000 })).toBeUndefined()
    })
  })
})
