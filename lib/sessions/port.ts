/** Loopback ports for agents that listen. One is chosen before its agent runs: somebody may have it by then. */
import { createServer } from 'node:net'
import type { Launch, Wish } from '#lib/agents/drive/types.ts'

/** A loopback port that nobody has now. The system's errors pass through. */
export const freePort = (): Promise<number> => listenOnce(0)

/** Was it told to listen on a port that another has? To be asked once the agent has ended. */
export async function hasLostPort({ args }: Launch, { port }: Wish): Promise<boolean> {
  if (port === 0 || !args.some(arg => arg.includes(String(port)))) return false
  return listenOnce(port).then(
    () => false,
    () => true,
  )
}

function listenOnce(wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
