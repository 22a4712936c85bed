/** The password of OpenCode's own server (1.18.33, run): Basic auth, 401 without. */
import { randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { writeError } from '#lib/system/file-replace.ts'
import { API_USER } from '../opencode-api.ts'
import type { Launch } from './types.ts'

const PASSWORD = 'OPENCODE_SERVER_PASSWORD'

/** A password of this launch alone. The user's own variable could name another user. */
export function serverEnvironment(): Record<string, string> {
  return { OPENCODE_SERVER_USERNAME: API_USER, [PASSWORD]: randomBytes(24).toString('hex') }
}

/** Writes the launch's password where later commands read it, for this user only. CodedError of the failed write. */
export function keepPassword({ secretFile, env }: Launch): void {
  const password = env?.[PASSWORD]
  if (secretFile === undefined || password === undefined) return
  try {
    // A file that is there would keep its mode, or lead elsewhere.
    rmSync(secretFile, { force: true })
    writeFileSync(secretFile, `${password}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    throw writeError(secretFile, error)
  }
}
