/** What comes over loopback from whoever has the port of an agent's own server. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { stateFromApi } from '#lib/agents/opencode-api.ts'
import { type AnyProperty, property } from './border.ts'
import { jsonBytes } from './json-texts.ts'
import { lookIn } from './machine.ts'

const SES = 'ses_0199a21381c0abcdefabcdef'
const PERMISSIONS = [[], [{ id: 'per_1', sessionID: SES, permission: 'bash' }]]
const STATUS = ['busy', 'idle', 'retry'].map(type => ({ [SES]: { type, attempt: 1, message: 'usage limit', next: 2 } }))
const SESSION = [{ id: SES, directory: '/lab', title: 't', time: { created: 1 } }]
const body = (bases: readonly unknown[]) =>
  fc.oneof(
    { weight: 3, arbitrary: jsonBytes(bases, 1 << 16) },
    { weight: 2, arbitrary: fc.constantFrom(...bases).map(base => Buffer.from(JSON.stringify(base))) },
  )
const STATES = ['waiting', 'limited', 'working', 'idle']

/** Answers each path with its body, or with nothing that ends. */
function serving(bodies: Record<string, Buffer>, code: number): Promise<Server> {
  const server = createServer((request, response) => {
    response.writeHead(code)
    response.end(bodies[request.url ?? ''] ?? bodies['/session'])
  })
  return new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(server)))
}

export const answers: AnyProperty[] = [
  property({
    border: 'answers over loopback',
    what: "OpenCode's server",
    inputs: fc.record({
      permissions: body(PERMISSIONS),
      questions: body(PERMISSIONS),
      status: body(STATUS),
      session: body(SESSION),
      code: fc.constantFrom(200, 200, 200, 200, 401, 500),
    }),
    async run({ permissions, questions, status, session, code }, folder) {
      const bodies = {
        '/permission': permissions,
        '/question': questions,
        '/session/status': status,
        '/session': session,
      }
      const server = await serving(bodies, code)
      try {
        const { port } = server.address() as AddressInfo
        const sight = await stateFromApi(lookIn(folder, ['opencode', '--port', `${port}`]).look, SES)
        if (sight !== undefined && !STATES.includes(sight.state)) throw new Error('a state that is none was believed')
        return { value: sight }
      } finally {
        server.closeAllConnections()
        server.close()
      }
    },
  }),
]
