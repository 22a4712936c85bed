/** `agent-sessions <command>`: picks the command and loads only that one. */
import { EXIT } from '#lib/system/errors.ts'
import { VERSION } from '#lib/version.ts'
import { COMMANDS } from './commands.ts'
import { listEarly } from './early.ts'
import { note, print, runCommand } from './run.ts'

function help(): string {
  const width = Math.max(...Object.keys(COMMANDS).map(name => name.length))
  const lines = Object.entries(COMMANDS).map(([name, { about }]) => `  ${name.padEnd(width)}  ${about}`)
  return `agent-sessions - the truth about the AI coding agents that live in tmux

usage: agent-sessions COMMAND [flags]

${lines.join('\n')}

\`agent-sessions COMMAND --help\` shows a command's flags, examples and exit codes.
The registry is .hermes/agent-sessions.yaml, found from here upward; --registry FILE or $AGENT_SESSIONS_YAML name another.
`
}

export async function main(argv: string[]): Promise<void> {
  const [name, ...rest] = argv
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    await print(help())
    process.exitCode = name === undefined ? EXIT.broken : EXIT.done
    return
  }
  if (name === '--version') {
    await print(`${VERSION}\n`)
    return
  }
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (entry === undefined) {
    note(
      `agent-sessions: unknown command "${name}"; expected one of ${Object.keys(COMMANDS).join(', ')}\n  Example: agent-sessions status`,
    )
    process.exitCode = EXIT.broken
    return
  }
  const early = entry.looks ? listEarly(rest) : undefined
  await runCommand(await entry.load(), rest, early)
}
