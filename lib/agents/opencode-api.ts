import { flagValue } from './arguments.ts'
import { asObject } from './files.ts'
import type { Look, StateSight } from './types.ts'

const TIMEOUT_MS = 500
const MAX_BYTES = 1 << 20

/** The state by OpenCode's own server, which is there when it was started with `--port N`. Asks loopback only, for at most
 * half a second; undefined when nothing listens or the answer is not about this session. */
export async function stateFromApi(look: Look, id: string | undefined): Promise<StateSight | undefined> {
  const port = Number(look.agent.chain.map(shown => flagValue(shown.argv, ['--port'])).findLast(value => value))
  if (id === undefined || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined
  const [permissions, status] = await Promise.all([get(port, '/permission'), get(port, '/session/status')])
  const waiting = list(permissions).some(entry => entry['sessionID'] === id)
  if (waiting) return { state: 'waiting', detail: 'permission prompt', source: 'api' }
  const own = status === undefined ? undefined : asObject(status)?.[id]
  const type = typeof own === 'object' && own !== null && 'type' in own ? own.type : undefined
  if (type === 'busy' || type === 'retry') return { state: 'working', source: 'api' }
  return type === 'idle' ? { state: 'idle', source: 'api' } : undefined
}

function list(text: string | undefined): Record<string, unknown>[] {
  const entries = text === undefined ? undefined : asObject(`{"entries":${text}}`)?.['entries']
  return Array.isArray(entries) ? entries.filter(entry => typeof entry === 'object' && entry !== null) : []
}

async function get(port: number, path: string): Promise<string | undefined> {
  const { get: request } = await import('node:http')
  return new Promise(resolve => {
    const call = request({ host: '127.0.0.1', port, path, agent: false }, response => {
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
