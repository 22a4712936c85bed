/** The part of OpenCode's HTTP API (1.18.34) that tells what its panes do; there with `--port N` only. */
import { createServer } from 'node:http'
import type { App } from './app.ts'
import { messages, sessions } from './opencode-store.ts'

/** Listens on loopback; `failed` is told where it cannot. */
export function serveApi(app: App, port: number, failed: (why: string) => void): void {
  const password = process.env['OPENCODE_SERVER_PASSWORD']
  const wanted = `Basic ${Buffer.from(`opencode:${password}`).toString('base64')}`
  const server = createServer((request, response) => {
    const answer = (status: number, value: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    }
    if (password && request.headers.authorization !== wanted) return answer(401, { name: 'Unauthorized' })
    const found = request.method === 'GET' ? look(app, request.url ?? '') : undefined
    if (found === undefined) answer(404, { name: 'NotFoundError' })
    else answer(200, found)
  })
  server.on('error', error => failed(error.message))
  server.listen(port, '127.0.0.1')
}

function look(app: App, url: string): unknown {
  const path = url.split('?')[0] ?? ''
  if (path === '/session') return sessions()
  // An idle session is not in it.
  if (path === '/session/status') return app.status === 'idle' ? {} : { [app.id]: { type: 'busy' } }
  if (path === '/permission')
    return app.question?.about === 'permission' ? [{ id: 'per_1', sessionID: app.id, permission: 'bash' }] : []
  const [, id, what] = /^\/session\/(ses_[A-Za-z0-9]+)(\/message)?$/.exec(path) ?? []
  if (id === undefined) return undefined
  return what === undefined ? sessions().find(session => session.id === id) : messages(id)
}
