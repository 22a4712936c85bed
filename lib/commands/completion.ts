import { EXIT, type ExitCode } from '#lib/system/errors.ts'
import { SCRIPTS } from './completion/scripts.ts'
import { usageError } from './flags.ts'
import { type Command, print } from './run.ts'

const EXAMPLE = 'completion bash'

const HELP = `completion - let a shell complete commands, flags, sessions and jobs

usage: completion bash|zsh|fish

It prints what the shell needs; put the line of yours into the shell's own file:

  bash (~/.bashrc)                     eval "$(agent-sessions completion bash)"
  zsh (~/.zshrc, after compinit)       eval "$(agent-sessions completion zsh)"
  fish (~/.config/fish/config.fish)    agent-sessions completion fish | source

Sessions and jobs are those of the registry that a command there would use. \`completion suggest -- WORD…\` is what the shells
call: the words that may stand in place of the last one, one to a line.

examples:
  agent-sessions completion zsh
  agent-sessions completion suggest -- delegate-job s

exit codes: 0 done · 2 wrong usage
`

export const completion: Command = { name: 'completion', help: HELP, run }

async function run(argv: string[]): Promise<ExitCode> {
  const [what = '', ...rest] = argv
  if (what === 'suggest' && rest[0] === '--') return suggestions(rest.slice(1))
  const script = Object.hasOwn(SCRIPTS, what) ? SCRIPTS[what] : undefined
  if (script === undefined || rest.length > 0)
    throw usageError(
      `completion takes one of ${Object.keys(SCRIPTS).join(', ')}, got ${argv.length === 0 ? 'nothing' : `"${argv.join(' ')}"`}`,
      EXAMPLE,
    )
  await print(script)
  return EXIT.done
}

async function suggestions(words: string[]): Promise<ExitCode> {
  const { suggest } = await import('./completion/suggest.ts')
  // A shell in the middle of a line has no use for errors: where nothing can be told it completes as ever.
  const found = await suggest(words, process.env).catch(() => [])
  await print(found.map(word => `${word}\n`).join(''))
  return EXIT.done
}
