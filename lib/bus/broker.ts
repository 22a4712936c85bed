/** The embedded broker: aedes on loopback, for one user, while a monitor runs.
 * aedes 1.2 speaks MQTT 3.1.1 only (seen: a CONNECT of version 5 gets return code 1, in the form of 3.1.1). So there is no
 * session expiry, no retain handling and no maximum packet size: sessions are bounded by broker-sessions.ts, retained
 * messages are refused, and packets are measured here, before aedes would collect one of 256 MB. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import './no-number-cache.ts'
import { Aedes, type AuthenticateError } from 'aedes'
import { CodedError, EXIT, errnoOf } from '#lib/system/errors.ts'
import { holdLock } from '#lib/system/lock.ts'
import { loopbackUrl, makeSecretsFolder, readBrokerNote, removeBrokerFile, writeBrokerFile } from './broker-file.ts'
import { boundSessions } from './broker-sessions.ts'
import { MAX_PAYLOAD } from './event.ts'
import type { RunningBroker } from './types.ts'
import { MAX_PACKET, sizeGuard } from './wire.ts'

const HOST = '127.0.0.1'
const USERNAME = 'agent-sessions'
const CONNECTIONS = 100
const CLOSE_MS = 2000

/** Starts the broker and puts it on record. Port and password are those of the one that ran here before, where they can
 * be had: its clients then come back. CodedErrors: `broker-runs` (another process has one), `port-taken` (only a port
 * that was asked for), `not-ours`, and those of writing. */
export async function startBroker(options: { secretsFolder: string; port?: number }): Promise<RunningBroker> {
  const { secretsFolder } = options
  makeSecretsFolder(secretsFolder)
  const lock = await holdLock(join(secretsFolder, 'broker.lock'))
  if (!('release' in lock)) throw brokerRuns(lock.heldBy)
  try {
    const noted = readBrokerNote(secretsFolder)
    const password = noted?.password ?? randomBytes(32).toString('hex')
    const broker = await makeBroker(password)
    const sockets = new Set<Socket>()
    const server = createServer(socket => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
      guardSize(socket)
      broker.handle(socket)
    })
    server.maxConnections = CONNECTIONS
    const close = async () => {
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed(broker)
    }
    try {
      const port = await listen(server, options.port, noted?.port)
      writeBrokerFile(secretsFolder, { port, username: USERNAME, password })
      let closing: Promise<void> | undefined
      const closeAll = async () => {
        removeBrokerFile(secretsFolder)
        await close()
        lock.release()
      }
      return {
        url: loopbackUrl(port),
        port,
        username: USERNAME,
        password,
        close() {
          closing ??= closeAll()
          return closing
        },
      }
    } catch (error) {
      await close()
      throw error
    }
  } catch (error) {
    lock.release()
    throw error
  }
}

async function makeBroker(password: string): Promise<Aedes> {
  const broker = await Aedes.createBroker({
    connectTimeout: 5000,
    authenticate(_client, name, secret, done) {
      if (isSame(name ?? '', USERNAME) && isSame(secret ?? '', password)) return done(null, true)
      done(Object.assign(new Error('wrong user name or password'), { returnCode: 4 }) as AuthenticateError, null)
    },
    // Refused: the connection is closed without an answer, MQTT 3.1.1 has none for it.
    authorizePublish(_client, { topic, retain, payload }, done) {
      // Events of jobs, and a monitor that tells of itself.
      const isOurs = !topic.startsWith('$') && /\/(?:events|monitors\/[0-9a-f]{16}\/state)$/.test(topic)
      done(isOurs && !retain && payload.length <= MAX_PAYLOAD ? null : new Error('not for this broker'))
    },
  })
  boundSessions(broker)
  // Without a listener its trouble with a client would end this process.
  ;(broker as NodeJS.EventEmitter).on('error', () => undefined)
  return broker
}

/** Without a port of its own: the one of before, else any. */
async function listen(server: Server, wanted: number | undefined, before: number | undefined): Promise<number> {
  for (const port of wanted === undefined ? [before ?? 0, 0] : [wanted])
    try {
      server.listen({ host: HOST, port, exclusive: true })
      await once(server, 'listening')
      server.on('error', () => undefined)
      const address = server.address()
      if (address !== null && typeof address === 'object') return address.port
    } catch (error) {
      const errno = errnoOf(error) ?? ''
      if (!['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL'].includes(errno)) throw error
      if (wanted !== undefined)
        throw new CodedError(
          'port-taken',
          EXIT.refused,
          `port ${port} of ${HOST} cannot be had (${errno})`,
          'Choose another port, or leave it out: any free one will do.',
        )
    }
  throw new CodedError('port-taken', EXIT.refused, `no port of ${HOST} can be had`)
}

/** Ends a connection whose next packet is too large, before anything is kept of it. */
function guardSize(socket: Socket): void {
  const fits = sizeGuard(MAX_PACKET)
  const read = socket.read.bind(socket)
  // aedes reads by itself whenever there is something: a listener of ours would take its bytes away.
  socket.read = size => {
    const chunk = read(size)
    if (chunk === null || fits(chunk)) return chunk
    socket.destroy()
    return null
  }
}

/** In the same time wherever they differ. */
function isSame(given: string | Buffer, right: string): boolean {
  const digest = (value: string | Buffer) => createHash('sha256').update(value).digest()
  return timingSafeEqual(digest(given), digest(right))
}

function brokerRuns(holder: string | undefined): CodedError {
  return new CodedError(
    'broker-runs',
    EXIT.refused,
    `an embedded broker runs here already${holder === undefined ? '' : `: ${holder}`}`,
    'One serves all. End that one first if you want another port.',
  )
}

function closed(broker: Aedes): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, CLOSE_MS)
    broker.close(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
