import type { Presence } from '#lib/reconcile/presence.ts'
import { attachTo } from '#lib/reconcile/shown-command.ts'
import { serverOf } from '#lib/registry/rows.ts'
import { readRegistryFile } from '#lib/registry/store.ts'
import { CodedError, EXIT, type ExitCode } from '#lib/system/errors.ts'
import { thisMachine } from '#lib/system/machine.ts'
import { realPath } from '#lib/system/real-path.ts'
import { tmuxInTerminal } from '#lib/tmux/exec.ts'
import { benchFor } from './bench.ts'
import { COMMON, parseFlags, usageError } from './flags.ts'
import type { Command } from './run.ts'

const EXAMPLE = 'agent-sessions attach my-app-creator-claude'

const HELP = `attach - show a session in this terminal

usage: agent-sessions attach NAME [--server NAME] [--registry FILE]

  NAME              the exact name of a row whose session runs, or server:name, as status shows it
  --server NAME     where several tmux servers have that name
  --registry FILE   the registry (default: $AGENT_SESSIONS_YAML, else .hermes/agent-sessions.yaml from here upward)
  --help, --version

Outside tmux the terminal shows the session until you detach (Ctrl-b d); the agent works on meanwhile. Inside tmux your
client is switched to it (Ctrl-b L goes back).

examples:
  agent-sessions attach my-app-creator-claude

exit codes: 0 done · 1 no such row, or its session does not run, or tmux refused · 2 wrong usage or a broken registry
            4 tmux gave no sure answer
`

export const attach: Command = { name: 'attach', help: HELP, run }

async function run(argv: string[]): Promise<ExitCode> {
  const flags = parseFlags(argv, COMMON, EXAMPLE)
  const [given, ...more] = flags.positionals
  if (given === undefined || more.length > 0) throw usageError('attach takes one name', EXAMPLE)
  const bench = await benchFor(flags, process.env)
  const machine = thisMachine()
  const { rowNamed } = await import('#lib/sessions/op.ts')
  const { observe } = await import('#lib/reconcile/observe.ts')
  const { registry } = (await readRegistryFile(bench.registryPath)).snapshot
  const row = rowNamed(registry, given, bench.server, bench.yamlPath)
  const { name } = row
  const server = serverOf(row)
  const observation = await observe(machine, { ...bench, servers: [server] }, { tmux_sessions: [row] })
  const presence = [...observation.rows.values()][0]?.presence
  const session = presence?.renamed ?? (isOurs(presence, bench.registryPath) ? presence?.named : undefined)
  if (presence?.own === 'unknown' && session === undefined)
    throw new CodedError('unknown', EXIT.unknown, `${name}: whether its session runs cannot be told (${presence.why})`)
  if (session === undefined)
    throw new CodedError(
      'not-running',
      EXIT.refused,
      `${name}: its session does not run (${presence?.why ?? 'not looked at'})`,
      `\`agent-sessions resume ${name}\` brings it back, if its conversation can be.`,
    )
  const socket = observation.servers.find(entry => entry.name === server)?.server?.socketPath
  const [ours] = (process.env['TMUX'] ?? '').split(',')
  const isInside = ours !== undefined && ours !== ''
  if (isInside && realPath(ours) !== realPath(socket ?? ''))
    throw new CodedError(
      'inside-tmux',
      EXIT.refused,
      `${name} is on tmux server ${server}, and this terminal is inside another one`,
      `Detach first, or use another terminal: ${attachTo(server, name)}`,
    )
  if (!process.stdin.isTTY || !process.stdout.isTTY)
    throw new CodedError('no-terminal', EXIT.refused, 'attach needs a terminal', `In one: ${attachTo(server, name)}`)
  const args = [isInside ? 'switch-client' : 'attach-session', '-t', session.id]
  return (await tmuxInTerminal(server, args)) === 0 ? EXIT.done : EXIT.refused
}

/** The row's own session, or one that was started for it and is not on record yet. */
function isOurs(presence: Presence | undefined, registryPath: string): boolean {
  return presence?.same !== 'no' || presence.named?.mark === registryPath
}
