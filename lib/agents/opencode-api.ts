import { flagValue } from './arguments.ts'
import { asObject, smallFile } from './files.ts'
import type { Look, StateSight } from './types.ts'

const TIMEOUT_MS = 500
const MAX_BYTES = 1 << 20

/** The name its server wants before the password, unless OPENCODE_SERVER_USERNAME says another. */
export const API_USER = 'opencode'

/** The state by OpenCode's own server, which is there when it was started with `--port N`. Asks loopback only, for at most
 * half a second; undefined when nothing listens, the password is not known, or the answer is not about this session. */
export async function stateFromApi(look: Look, id: string | undefined): Promise<StateSight | undefined> {
  const port = Number(look.agent.chain.map(shown => flagValue(shown.argv, ['--port'])).findLast(value => value))
  if (id === undefined || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined
  const ask = (path: string) => get(port, path, passwordIn(look.secretFile))
  const paths = ['/permission', '/question', '/session/status', `/session/${encodeURIComponent(id)}`]
  const [permissions, questions, status, session] = await Promise.all(paths.map(ask))
  const asks = (text: string | undefined) => list(text).some(entry => entry['sessionID'] === id)
  if (asks(permissions)) return { state: 'waiting', detail: 'permission prompt', source: 'api' }
  if (asks(questions)) return { state: 'waiting', detail: 'question', source: 'api' }
  const all = status === undefined ? undefined : asObject(status)
  const own = object(all?.[id])
  // It goes on by itself, but not before the limit does.
  const reason = own?.['message']
  if (own?.['type'] === 'retry' && typeof reason === 'string' && LIMIT.test(reason))
    return { state: 'limited', detail: 'rate limit', source: 'api' }
  if (own?.['type'] === 'busy' || own?.['type'] === 'retry') return { state: 'working', source: 'api' }
  if (own?.['type'] === 'idle') return { state: 'idle', source: 'api' }
  // An idle session is not listed, but neither is one of another folder: each folder has a list of its own (1.18.33, run).
  const folder = session === undefined ? undefined : asObject(session)?.['directory']
  const isListedHere = all !== undefined && own === undefined && folder !== undefined && folder === look.cwd
  return isListedHere && permissions !== undefined ? { state: 'idle', source: 'api' } : undefined
}

const LIMIT = /limit|quota|too many requests/i

/** Undefined where none was given, and where the file cannot be read: the server is then asked without. */
function passwordIn(path: string | undefined): string | undefined {
  return path === undefined ? undefined : smallFile(path)?.trim() || undefined
}

function object(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
}

function list(text: string | undefined): Record<string, unknown>[] {
  const entries = text === undefined ? undefined : asObject(`{"entries":${text}}`)?.['entries']
  return Array.isArray(entries) ? entries.filter(entry => typeof entry === 'object' && entry !== null) : []
}

async function get(port: number, path: string, password: string | undefined): Promise<string | undefined> {
  const { get: request } = await import('node:http')
  const auth = password === undefined ? {} : { auth: `${API_USER}:${password}` }
  return new Promise(resolve => {
    const call = request({ host: '127.0.0.1', port, path, agent: false, ...auth }, response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', chunk => {
        text += chunk
        if (text.length > MAX_BYTES) call.destroy()
      })
      response.on('end', () => settle(response.statusCode === 200 ? text : undefined))
      response.on('error', () => settle(undefined))
    })
    const timer = setTimeout(() => call.destroy(), TIMEOUT_MS)
    const settle = (text: string | undefined) => {
      clearTimeout(timer)
      resolve(text)
    }
    // Nobody listens, or it answers too slowly or too much: no state from here.
    call.on('error', () => settle(undefined))
    call.on('close', () => settle(undefined))
  })
}
