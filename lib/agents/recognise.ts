import type { Process } from '#lib/system/processes.ts'
import { isInterpreter, isShell, programName, scriptIndex } from './arguments.ts'

/** The names an agent's program goes by. */
export interface Names {
  /** Of the program, and of the script an interpreter runs. */
  programs: readonly string[]
  /** Files of its npm packages that an interpreter runs under a name of their own (`codex.js`). */
  scripts?: readonly string[]
  /** Folders of its npm packages: whatever script runs from there is the agent. */
  packages?: readonly string[]
  /** Of the program's path, where the name alone says nothing (`…/claude/versions/2.1.329`). */
  path?: RegExp
  /** Subcommands that are no agent in a pane but a server beside it. */
  servers?: readonly string[]
}

/** Tells whether a process is the agent by what it shows: argv[0], else the script its interpreter runs, else the kernel's
 * name. `vim claude`, `tail -f claude.log`, `ssh host claude` and `bash -c 'claude; …'` are not. */
export function recogniser(names: Names): (process: Process, argv: readonly string[]) => boolean {
  const isProgram = (name: string) => names.programs.includes(name)
  const isServer = (word: string | undefined) => word !== undefined && names.servers?.includes(word) === true

  return (process, argv) => {
    const program = programName(argv[0])
    if (isInterpreter(program)) {
      const at = scriptIndex(argv)
      const script = argv[at]
      return script !== undefined && isScript(script, names) && !isServer(argv[at + 1])
    }
    // A script that a shell runs carries the script's name in comm; what it starts is found below it.
    if (isShell(program)) return false
    if (isProgram(program) || names.path?.test(argv[0] ?? '')) return !isServer(argv[1])
    // Bare argv[0] (`exec -a`), or no arguments to be had.
    return isProgram(process.comm) && !isServer(argv[1])
  }
}

function isScript(path: string, names: Names): boolean {
  const name = programName(path)
  if (names.programs.includes(name) || names.scripts?.includes(name)) return true
  return names.packages?.some(folder => path.includes(`/node_modules/${folder}/`)) === true
}
