/** A stand-in for Claude Code: the screens and files captured of 2.1.197, and what 2.1.329 does with texts. */
import { randomUUID } from 'node:crypto'
import { parseClaude } from './claude-flags.ts'
import { claudeKind } from './claude-kind.ts'
import { claudeStore, VERSION } from './claude-store.ts'
import { control } from './control.ts'
import { refuse, runAgent } from './run.ts'

const wish = parseClaude(process.argv.slice(2))
if (wish.version) {
  process.stdout.write(`${VERSION} (Claude Code)\n`)
  process.exit(0)
}
const store = claudeStore(wish)

runAgent(claudeKind(wish, store), app => {
  const { sessionId, resume, fork, skipPermissions, unknown } = wish
  const isLate = control().oldVersion && sessionId !== undefined
  if (unknown !== undefined || isLate) refuse(app, `error: unknown option '${unknown ?? '--session-id'}'`, 1)
  if (skipPermissions && process.getuid?.() === 0 && process.env['IS_SANDBOX'] !== '1')
    refuse(app, '--dangerously-skip-permissions cannot be used with root/sudo privileges for security reasons', 1)
  if (sessionId !== undefined && resume !== undefined && !fork)
    refuse(app, 'Error: --session-id with --continue or --resume also needs --fork-session.', 1)
  if (sessionId !== undefined && !/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(sessionId))
    refuse(app, 'Error: Invalid session ID. Must be a valid UUID.', 1)
  if (sessionId !== undefined && store.isTaken(sessionId))
    refuse(app, `Error: Session ID ${sessionId} is already in use.`, 1)
  if (resume !== undefined && !store.open(resume)) refuse(app, `No conversation found with session ID: ${resume}`, 1)
  app.id = resume !== undefined && !fork ? resume : (sessionId ?? randomUUID())
})
