/** The running embedded broker, on record for every process of this user: `.hermes/secrets/broker.json`. */
import { chmodSync, lstatSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as z from 'zod/mini'
import { CodedError, EXIT, errnoOf } from '#lib/system/errors.ts'
import { replaceFile, writeError } from '#lib/system/file-replace.ts'
import { readWhole } from '#lib/system/files.ts'
import { bootId } from '#lib/system/host.ts'
import { thisProcess } from '#lib/system/lock-self.ts'
import { makeFolder } from '#lib/system/make-folder.ts'
import { processesHere } from '#lib/system/processes-here.ts'
import type { BrokerFile } from './types.ts'

const MAX_BYTES = 16_384

const fileSchema = z.looseObject({
  url: z.string(),
  port: z.int().check(z.gte(1), z.lte(65_535)),
  username: z.string().check(z.minLength(1), z.maxLength(100)),
  password: z.string().check(z.minLength(16), z.maxLength(200)),
  pid: z.int().check(z.gte(1)),
  pid_start: z.string().check(z.minLength(1)),
  boot_id: z.optional(z.string()),
})

/** The folder of secrets that belongs to a registry file (its real path). */
export function secretsFolder(registryPath: string): string {
  return join(dirname(registryPath), 'secrets')
}

/** Makes it: mode 0700, not for git. CodedErrors `not-ours` when something else stands in its place (a clone can carry a
 * link there), and those of writing. */
export function makeSecretsFolder(folder: string): void {
  try {
    makeFolder(folder)
    const stats = lstatSync(folder)
    if (!stats.isDirectory() || !isOwn(stats.uid)) throw notOurs(folder, 'a folder')
    if ((stats.mode & 0o077) !== 0) chmodSync(folder, 0o700)
    writeFileSync(join(folder, '.gitignore'), '*\n', { flag: 'wx' })
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'EEXIST') return
    throw errno === undefined || errno === 'not-ours' ? error : writeError(folder, error)
  }
}

/** The broker that runs now. Undefined when none does: no file or a broken one, its process dead, another boot.
 * CodedError `not-ours` when others could have written the file or can read it. */
export function readBrokerFile(folder: string): BrokerFile | undefined {
  const noted = readBrokerNote(folder)
  return noted !== undefined && lives(noted) ? noted : undefined
}

/** What stands in the file, whether its broker lives or not. CodedError as above. */
export function readBrokerNote(folder: string): BrokerFile | undefined {
  const path = brokerPath(folder)
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return undefined
  if (!stats.isFile() || !isOwn(stats.uid) || (stats.mode & 0o077) !== 0) throw notOurs(path, 'a file')
  let value: unknown
  try {
    const { bytes } = readWhole(path, size => {
      if (size > MAX_BYTES) throw new Error('too large')
    })
    value = JSON.parse(bytes.toString('utf8'))
  } catch {
    // Gone meanwhile, or not ours to mend: the next broker writes it anew.
    return undefined
  }
  const { success, data } = fileSchema.safeParse(value)
  // Our broker listens nowhere else: a password goes to no other address, whatever the file says.
  return success && data.url === loopbackUrl(data.port) ? data : undefined
}

/** Puts this process on record as the running broker, atomically. CodedErrors of writing. */
export function writeBrokerFile(folder: string, broker: { port: number; username: string; password: string }): void {
  const { pid, start } = thisProcess()
  const boot = bootId()
  const file: BrokerFile = {
    url: loopbackUrl(broker.port),
    ...broker,
    pid,
    pid_start: start || '(unknown)',
    ...(boot === undefined ? {} : { boot_id: boot }),
  }
  replaceFile(brokerPath(folder), Buffer.from(`${JSON.stringify(file, null, 2)}\n`), { mode: 0o600 })
}

/** Takes our own record away; one of another process stays. */
export function removeBrokerFile(folder: string): void {
  const { pid, start } = thisProcess()
  try {
    const noted = readBrokerNote(folder)
    if (noted?.pid === pid && noted.pid_start === (start || '(unknown)')) unlinkSync(brokerPath(folder))
  } catch {
    // Removed by hand, or not ours any more: then there is nothing of ours to remove.
  }
}

export function loopbackUrl(port: number): string {
  return `mqtt://127.0.0.1:${port}`
}

function brokerPath(folder: string): string {
  return join(folder, 'broker.json')
}

function lives({ pid, pid_start, boot_id }: BrokerFile): boolean {
  const boot = bootId()
  // Without the right word of this boot it may be a file that came with a clone, made for a process like pid 1.
  if (boot !== undefined && boot !== boot_id) return false
  const look = processesHere().look(pid)
  if (look.state === 'unknown') return true
  return look.state === 'present' && (look.process.start === pid_start || pid_start === '(unknown)')
}

function isOwn(uid: number): boolean {
  const self = process.geteuid?.()
  return self === undefined || uid === self
}

function notOurs(path: string, what: string): CodedError {
  return new CodedError(
    'not-ours',
    EXIT.refused,
    `${path} is not ${what} that only this user can read and write: passwords are not taken from there or put there`,
    'Look at what it is, and remove it if it is nothing of yours.',
  )
}
