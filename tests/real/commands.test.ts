/** The commands with the real programs: created, trusted, spoken to, ended by its own way out, and back in its conversation. */
import { execFileSync } from 'node:child_process'
import { afterEach, describe, expect, it } from 'vitest'
import { jsonOf } from '../harness/command.ts'
import { agrees, bare, type Created, DEFAULT } from '../harness/live-create.ts'
import { rowOf } from '../harness/rows.ts'
import { idField, resume, stop } from '../harness/talking.ts'
import { tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'
import { type Kind, type Running, runningAt, START_MS } from './agent.ts'
import { claudeIn, codexIn, geminiIn, type Home, opencodeIn } from './homes.ts'
import { type RealName, type RealProgram, realProgram } from './install.ts'
import { startStubApi } from './stub-apis.ts'
import { startGeminiStub } from './stub-gemini.ts'
import { startOpenaiChatStub } from './stub-openai-chat.ts'

interface Stub {
  url: string
  asked: string[]
  close(): Promise<void>
}

interface Cli {
  name: RealName
  version: string
  home(world: World, home: Home): Kind
  api(): Promise<Stub>
}

const CLIS: Cli[] = [
  { name: 'claude', version: '2.1.329', home: claudeIn, api: startStubApi },
  { name: 'claude', version: '2.1.197', home: claudeIn, api: startStubApi },
  { name: 'codex', version: '0.169.0', home: codexIn, api: startStubApi },
  { name: 'gemini', version: '0.61.0', home: geminiIn, api: startGeminiStub },
  { name: 'opencode', version: '1.18.33', home: opencodeIn, api: startOpenaiChatStub },
]
const programs = await Promise.all(CLIS.map(({ name, version }) => realProgram(name, version)))
const SLOW = { timeoutMs: 170_000 }

let api: Stub | undefined
afterEach(async () => await api?.close())

for (const [at, cli] of CLIS.entries()) {
  const real = programs[at] as RealProgram
  describe.skipIf(real.isMissing)(`the commands with the real ${cli.name} ${cli.version}${real.note}`, () => {
    it('bring it up, end it, and bring it back in its own conversation', { timeout: 600_000 }, async () => {
      const world = makeWorld()
      // One asks for trust in repositories only.
      execFileSync('git', ['init', '-q', world.workspace], { env: world.env })
      api = await cli.api()
      const kind = cli.home(world, { real, url: api.url, isTrusted: false })

      const wishes = ['--agent', cli.name, '--trust', '--prompt', 'the first; of two', '--wait-ready', '120']
      const ran = await bare(world, ['create', ...wishes, '--json'], SLOW)
      expect(ran.code, ran.stdout + ran.stderr).toBe(0)
      const made = jsonOf<Created>(ran)
      expect(made).toMatchObject({ created: true, agent: cli.name, prompt: { outcome: 'delivered', proof: 'record' } })
      const { id, name } = made
      if (id === null) throw new Error(`no conversation: ${JSON.stringify(made)}`)
      expect(rowOf(world, name)[idField(cli.name)]).toBe(id)
      const first = await agentIn(world, kind, name)
      const { asked } = api
      const isAsked = (text: string) =>
        until(`"${text}" to be asked`, () => asked.some(one => one.includes(text)), { timeoutMs: START_MS })
      await isAsked('the first; of two')
      await first.becomes('idle')
      await agrees(world)

      const stopped = await stop(world, [name, '--graceful', '--timeout', '60'], SLOW)
      expect(stopped.failed).toEqual([])
      expect(stopped.sessions).toMatchObject([
        { name, changed: true, status: 'stopped', id, resumable: true, survivors: [] },
      ])

      const back = await resume(world, [name, '--wait-ready', '120'], SLOW)
      expect([back.failed, back.skipped]).toEqual([[], []])
      expect(back.sessions).toMatchObject([{ name, changed: true, status: 'running', id }])
      const second = await agentIn(world, kind, name, id)
      await second.becomes('idle')
      expect(await second.say('the second')).toMatchObject({ outcome: 'delivered', proof: 'record' })
      const texts = ['the first; of two', 'the second']
      expect((await second.messages())?.map(({ text }) => text.trim())).toEqual(texts)
      await isAsked('the second')
      // Side errands (a title) hold the text among other words.
      const times = texts.map(text => asked.filter(one => one.trim() === text).length)
      expect(times, JSON.stringify(asked)).toEqual([1, 1])
      await second.becomes('idle')
      await agrees(world)
      const ended = await stop(world, [name], SLOW)
      expect(ended.sessions).toMatchObject([{ name, changed: true, id, resumable: true, survivors: [] }])
    })
  })
}

/** The agent in the session that a command started. */
function agentIn(world: World, kind: Kind, name: string, id?: string): Promise<Running> {
  const facts = tmux(world, DEFAULT, ['display-message', '-p', '-t', `=${name}:`, '#{pane_id} #{pane_pid} #{pid}'])
  const [paneId = '', panePid, serverPid] = facts.trim().split(' ')
  const secretFile = rowOf(world, name)['agent_secret_file']
  const secret = typeof secretFile === 'string' ? { secretFile } : {}
  const pane = { paneId, panePid: Number(panePid), serverPid: Number(serverPid) }
  return runningAt(world, kind, DEFAULT, pane, { args: [], ...(id === undefined ? {} : { id }), ...secret })
}
