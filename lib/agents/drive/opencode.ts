/** Driving OpenCode. Source: 1.18.33 run against a loopback API. */
import { rmSync, writeFileSync } from 'node:fs'
import { CodedError, EXIT } from '#lib/system/errors.ts'
import { opencodeInput } from './opencode-input.ts'
import { messageMark, messagesAfter } from './opencode-record.ts'
import type { Driver, Launch, RunProgram, Wish } from './types.ts'

const IMPORT_MS = 30_000

export const opencodeDriver: Driver = {
  name: 'opencode',
  programs: ['opencode'],
  homeVariables: ['HOME', 'XDG_DATA_HOME', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'XDG_CACHE_HOME'],
  start(wish) {
    const id = `ses_${wish.newId.replaceAll('-', '')}`
    return wish.plain ? launch(wish, []) : { ...launch(wish, ['--session', id]), id }
  },
  resume: (id, wish) => ({ ...launch(wish, ['--session', id]), id }),
  fork: (id, wish) => launch(wish, ['--session', id, '--fork']),
  prepare: importEmpty,
  resumeProof: 'stays',
  notFound: /Session not found/,
  leaveText: '/exit',
  enterGapMs: 300,
  input: opencodeInput,

  async recordMark(_look, id, context) {
    return id === undefined ? undefined : messageMark(id, context)
  },

  async messagesSince(mark, _look, id, context) {
    return id === undefined ? undefined : messagesAfter(mark, id, context)
  },
}

function launch(wish: Wish, conversation: string[]): Launch {
  return {
    args: [
      ...conversation,
      ...(wish.model === undefined ? [] : ['--model', wish.model]),
      ...(wish.skipPermissions ? ['--auto'] : []),
    ],
  }
}

/** No flag chooses an id, but an empty session of that id can be imported and then continued. */
async function importEmpty({ id }: Launch, wish: Wish, run: RunProgram): Promise<void> {
  if (id === undefined) return
  const now = Date.now()
  const info = {
    id,
    slug: id.slice(4, 16),
    projectID: 'global',
    directory: wish.folder,
    title: 'New session',
    version: '1.18.33',
    time: { created: now, updated: now },
  }
  const path = `${wish.logFile}.import.json`
  writeFileSync(path, JSON.stringify({ info, messages: [] }), { mode: 0o600 })
  try {
    const { code, stdout, stderr } = await run(['import', path], { timeoutMs: IMPORT_MS })
    if (code === 0) return
    const said = (stderr.trim() || stdout.trim()).split('\n').at(-1) ?? ''
    throw new CodedError('opencode-import', EXIT.refused, `opencode import did not make session ${id}: ${said}`)
  } finally {
    rmSync(path, { force: true })
  }
}
