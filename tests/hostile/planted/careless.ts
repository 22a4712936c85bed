/** Makes its files as many programs do: open to all first, and closed afterwards. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [, , workspace = '', umask = ''] = process.argv
process.umask(Number.parseInt(umask, 8))
mkdirSync(join(workspace, 'secrets'), { recursive: true })
chmodSync(join(workspace, 'secrets'), 0o700)
writeFileSync(join(workspace, 'secrets/password'), 'x')
chmodSync(join(workspace, 'secrets/password'), 0o600)
process.stdout.write('made\n')
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
