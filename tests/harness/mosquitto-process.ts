/** A real broker: Mosquitto on a free loopback port, with a password, persistence, and TLS where asked. No test runner is
 * needed here. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { until } from './until.ts'

export interface Mosquitto {
  folder: string
  host: string
  port: number
  /** Without credentials. */
  url: string
  username: string
  password: string
  /** Paths of PEM files; `cert` and `key` are a client's. */
  tls: { ca: string; cert: string; key: string } | undefined
  /** What a command needs to find it. */
  env: Record<string, string>
  pid(): number
  /** All it logged so far. */
  log(): string
  /** Waits until it is gone. SIGKILL when not said. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Waits until what it holds is on disk: that is there again after a kill. */
  save(): Promise<void>
  /** Again, on the same port and with the same files. */
  start(): Promise<void>
  /** SIGSTOP: connections stay and nobody answers. SIGCONT goes on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
  /** Kills it and takes its files away. */
  remove(): Promise<void>
}

export interface MosquittoOptions {
  tls?: boolean
  /** With TLS: only clients with a certificate get in. */
  clientCertificates?: boolean
  /** More lines of its config. */
  config?: string[]
}

const running = new Set<ChildProcess>()
// A runner that is stopped leaves no brokers behind.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts one, and gives it when it answers. */
export async function mosquittoProcess({
  tls = false,
  clientCertificates = false,
  config = [],
}: MosquittoOptions = {}): Promise<Mosquitto> {
  const folder = mkdtempSync('/tmp/as-mosquitto-')
  const port = await freePort()
  const [username, password] = ['lab', randomBytes(12).toString('hex')]
  const passwords = join(folder, 'passwords')
  // -U hashes a file of plain ones: so the password is on no command line.
  writeFileSync(passwords, `${username}:${password}\n`, { mode: 0o600 })
  execFileSync('mosquitto_passwd', ['-U', passwords], { env: withSbin() })
  const files = tls ? makeCertificates(folder) : undefined
  const lines = [
    `listener ${port} 127.0.0.1`,
    // As root it would become another user, who may not read this folder.
    `user ${userInfo().username}`,
    'allow_anonymous false',
    `password_file ${passwords}`,
    'persistence true',
    `persistence_location ${folder}/`,
    // Written at every change: what it acknowledged is there again when it was killed, as soon as it came to write.
    'autosave_on_changes true',
    'autosave_interval 1',
    'log_type all',
    // Standard output would be buffered.
    'log_dest stderr',
    ...(files ? [`cafile ${files.ca}`, `certfile ${files.serverCert}`, `keyfile ${files.serverKey}`] : []),
    ...(clientCertificates ? ['require_certificate true'] : []),
    ...config,
  ]
  writeFileSync(join(folder, 'mosquitto.conf'), `${lines.join('\n')}\n`)

  let child: ChildProcess | undefined
  let log = ''
  const broker: Mosquitto = {
    folder,
    host: tls ? 'localhost' : '127.0.0.1',
    port,
    url: tls ? `mqtts://localhost:${port}` : `mqtt://127.0.0.1:${port}`,
    username,
    password,
    tls: files,
    env: {
      MQTT_HOST: tls ? 'localhost' : '127.0.0.1',
      MQTT_PORT: String(port),
      MQTT_USERNAME: username,
      MQTT_PASSWORD: password,
      ...(files ? { MQTT_TLS: '1', MQTT_CA_FILE: files.ca } : {}),
      ...(files && clientCertificates ? { MQTT_CERT_FILE: files.cert, MQTT_KEY_FILE: files.key } : {}),
    },
    pid: () => child?.pid ?? -1,
    log: () => log,
    async kill(signal = 'SIGKILL') {
      if (child === undefined || !running.has(child)) return
      const gone = once(child, 'exit')
      child.kill(signal)
      await gone
    },
    async save() {
      // It writes another file and renames it; the number of the one before is given again.
      const file = () => {
        const stats = statSync(join(folder, 'mosquitto.db'), { throwIfNoEntry: false, bigint: true })
        return stats && `${stats.ino} ${stats.mtimeNs}`
      }
      const before = file()
      child?.kill('SIGUSR1')
      await until('mosquitto to save', () => file() !== before)
    },
    async start() {
      const started = spawn('mosquitto', ['-c', join(folder, 'mosquitto.conf')], {
        env: withSbin(),
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      child = started
      running.add(started)
      started.on('exit', () => running.delete(started))
      started.on('error', error => {
        log += `${error}\n`
        running.delete(started)
      })
      for (const stream of [started.stdout, started.stderr])
        stream.setEncoding('utf8').on('data', text => {
          log += text
        })
      await until(`mosquitto on port ${port}`, () => {
        if (!running.has(started)) throw new Error(`mosquitto ended:\n${log}`)
        return answers(port)
      })
    },
    signal(signal) {
      child?.kill(signal)
    },
    async remove() {
      await broker.kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  try {
    await broker.start()
  } catch (error) {
    await broker.remove()
    throw error
  }
  return broker
}

const PORTS = { first: 10_000, end: firstGiven() }

/** A loopback port that nobody listens on. None of those that the kernel gives to whoever asks for any: such a one may be
 * another's before it is used, or while a broker is down that is to come back there. */
export async function freePort(): Promise<number> {
  for (let tries = 1; ; tries++) {
    const server = createServer().listen(randomInt(PORTS.first, PORTS.end), '127.0.0.1')
    try {
      await once(server, 'listening')
    } catch (error) {
      if (tries === 50) throw error
      continue
    }
    const address = server.address()
    server.close()
    await once(server, 'close')
    if (address === null || typeof address === 'string') throw new Error('no port')
    return address.port
  }
}

/** Where the kernel's own begin; where it gives nearly all, so be it. */
function firstGiven(): number {
  const range = '/proc/sys/net/ipv4/ip_local_port_range'
  const first = existsSync(range) ? Number.parseInt(readFileSync(range, 'utf8'), 10) : 49_152
  return first > 12_000 ? first : 32_768
}

/** Debian puts it where only root's PATH looks. */
function withSbin(): Record<string, string | undefined> {
  return { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin` }
}

/** Does somebody listen on this loopback port? */
export function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

/** An authority, and certificates by it for the broker (localhost, 127.0.0.1) and for a client. */
function makeCertificates(folder: string) {
  const at = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl('req', '-x509', ...newKey, '-days', '2', '-subj', '/CN=lab-ca', '-keyout', at('ca.key'), '-out', at('ca.pem'))
  for (const [name, subject] of [
    ['server', '/CN=localhost'],
    ['client', '/CN=lab-client'],
  ] as const) {
    writeFileSync(at(`${name}.ext`), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n')
    openssl('req', ...newKey, '-subj', subject, '-keyout', at(`${name}.key`), '-out', at(`${name}.csr`))
    const signed = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '2']
    openssl(
      'x509',
      '-req',
      '-in',
      at(`${name}.csr`),
      ...signed,
      '-extfile',
      at(`${name}.ext`),
      '-out',
      at(`${name}.pem`),
    )
  }
  const paths = {
    ca: at('ca.pem'),
    cert: at('client.pem'),
    key: at('client.key'),
    serverCert: at('server.pem'),
    serverKey: at('server.key'),
  }
  for (const path of Object.values(paths))
    if (!existsSync(path) || !readFileSync(path, 'utf8').includes('-----BEGIN')) throw new Error(`no PEM in ${path}`)
  return paths
}
