import { resolve } from 'node:path'
import { bundledSkills } from '#lib/install/bundle.ts'
import { type Installed, installSkills } from '#lib/install/put.ts'
import { CodedError, EXIT, type ExitCode } from '#lib/system/errors.ts'
import { VERSION } from '#lib/version.ts'
import { currentFolder } from './current-folder.ts'
import { parseFlags, usageError } from './flags.ts'
import { type Command, print } from './run.ts'
import { visible } from './visible.ts'

const EXAMPLE = 'agent-sessions install --to ~/.claude/skills'

const HELP = `install - put the skills where an agent looks for them

usage: install [SKILL…] --to DIR [--link] [--dry-run] [--json]

  SKILL…      only these (default: create, resume, stop, status, monitor, delegate-job)
  --to DIR    a host's folder of skills; each becomes a folder in it. Made when it is missing
  --link      links into this package, so that the skills change with it, instead of copies that stand alone
  --dry-run   only say what would be done
  --json      one JSON value
  --help, --version

A copy needs nothing but node and tmux: this package may go afterwards. Again it brings copies and links of ours up to date.
What somebody else put there, and a copy that was changed since, is never written over: then nothing is written at all.

Where hosts look: ~/.claude/skills or .claude/skills (Claude Code), ~/.codex/skills (Codex), ~/.gemini/skills (Gemini CLI),
~/.config/opencode/skills (OpenCode), ~/.hermes/skills or a folder of skills.external_dirs (Hermes), .agents/skills (several).

examples:
  agent-sessions install --to ~/.claude/skills
  agent-sessions install status monitor --to .agents/skills --dry-run

exit codes: 0 done (also when all was there) · 1 refused: something is in the way, or the folder cannot be written
            2 wrong usage
`

const FLAGS = {
  help: 'boolean',
  version: 'boolean',
  to: 'string',
  link: 'boolean',
  'dry-run': 'boolean',
  json: 'boolean',
} as const

export const install: Command = { name: 'install', help: HELP, run }

async function run(argv: string[]): Promise<ExitCode> {
  const flags = parseFlags(argv, FLAGS, EXAMPLE)
  const to = flags.text('to')
  if (to === undefined) throw usageError('install needs --to DIR', EXAMPLE)
  if (to.startsWith('~')) throw usageError(`"${to}" is a folder named "~": no shell made it your home`, EXAMPLE)
  const bundled = bundledSkills()
  const unknown = flags.positionals.find(name => !bundled.names.includes(name))
  if (unknown !== undefined)
    throw usageError(`there is no skill "${unknown}"; expected one of ${bundled.names.join(', ')}`, EXAMPLE)
  const [link, dryRun] = [flags.has('link'), flags.has('dry-run')]
  if (link && /[/\\]_npx[/\\]/.test(bundled.folder))
    throw new CodedError(
      'passing-package',
      EXIT.refused,
      `links into ${bundled.folder} would end with npx's cache`,
      'Without --link the skills are copied. For links install the package for good first (npm install -g).',
    )
  const folder = resolve(currentFolder(), to)
  const names = flags.positionals.length > 0 ? [...new Set(flags.positionals)] : bundled.names
  const skills = installSkills({ from: bundled.folder, to: folder, names, link, dryRun })
  if (flags.has('json'))
    await print(`${JSON.stringify({ schema: 1, to: folder, link, dry_run: dryRun, version: VERSION, skills })}\n`)
  else await print(`${skills.map(skill => shown(skill, dryRun)).join('\n')}\n`)
  return EXIT.done
}

function shown({ action, path }: Installed, dryRun: boolean): string {
  return `${dryRun && action !== 'unchanged' ? `would be ${action}` : action}  ${visible(path)}`
}
