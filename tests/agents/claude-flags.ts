/** Claude Code's command line, as far as a pane needs it. */

export interface ClaudeWish {
  sessionId?: string
  resume?: string
  fork: boolean
  skipPermissions: boolean
  version: boolean
  model: string
  /** `--settings`: JSON, or a file of it. */
  settings?: string
  prompt?: string
  unknown?: string
}

const WITH_VALUE = new Set(['--name', '-n', '--permission-mode', '--append-system-prompt', '--add-dir', '--effort'])
const WITHOUT_VALUE = new Set(['--allow-dangerously-skip-permissions', '--worktree'])

export function parseClaude(args: readonly string[]): ClaudeWish {
  const wish: ClaudeWish = { fork: false, skipPermissions: false, version: false, model: 'claude-opus-4-8' }
  for (let at = 0; at < args.length; at++) {
    const [flag, given] = split(args[at] as string)
    const value = () => given ?? args[++at] ?? ''
    if (flag === '--session-id') wish.sessionId = value()
    else if (flag === '--resume' || flag === '-r') wish.resume = value()
    else if (flag === '--settings') wish.settings = value()
    else if (flag === '--model') wish.model = value()
    else if (flag === '--fork-session') wish.fork = true
    else if (flag === '--dangerously-skip-permissions') wish.skipPermissions = true
    else if (flag === '--version' || flag === '-v') wish.version = true
    else if (WITH_VALUE.has(flag)) value()
    else if (flag.startsWith('-') && !WITHOUT_VALUE.has(flag)) wish.unknown ??= flag
    else if (!flag.startsWith('-')) wish.prompt = flag
  }
  return wish
}

function split(arg: string): [string, string | undefined] {
  const at = arg.startsWith('--') ? arg.indexOf('=') : -1
  return at < 0 ? [arg, undefined] : [arg.slice(0, at), arg.slice(at + 1)]
}
