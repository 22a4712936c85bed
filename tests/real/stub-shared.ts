/** What the loopback model APIs of the real-program suites share: one answers what its last prompt asks for. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

export interface StubApi {
  url: string
  /** The last user text of each turn that was asked for, oldest first. */
  asked: string[]
  close(): Promise<void>
}

/** How a turn answers; a word in the prompt says so: `WAIT<ms>`, `RUN(<command>)`, `LIMIT`. */
export interface Wanted {
  waitMs: number
  command?: string
  isLimited: boolean
}

export function wantedBy(prompt: string): Wanted {
  const command = /RUN\(([^)]*)\)/.exec(prompt)?.[1]
  return {
    waitMs: Math.min(30_000, Number(/WAIT(\d+)/.exec(prompt)?.[1] ?? 0)),
    isLimited: prompt.includes('LIMIT'),
    ...(command === undefined ? {} : { command }),
  }
}

export type Answer = (request: IncomingMessage, body: string, response: ServerResponse) => Promise<void>

/** Listens on a loopback port of the system's choice; only what `answer` writes leaves it. */
export async function startStub(asked: string[], answer: Answer): Promise<StubApi> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      answer(request, Buffer.concat(chunks).toString('utf8'), response).catch((error: unknown) => {
        response.statusCode = 500
        response.end(String(error))
      })
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

export const pause = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}
