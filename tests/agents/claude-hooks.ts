/** Hooks given with `--settings` for one start: a command each, one JSON object on its standard input. */
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

interface Hook {
  matcher?: string
  hooks?: { type?: string; command?: string }[]
}

/** Gives what runs the hooks of an event; without settings there are none. */
export function claudeHooks(settings: string | undefined): (event: string, input: Record<string, unknown>) => void {
  if (settings === undefined) return () => undefined
  const text = settings.trimStart().startsWith('{') ? settings : readFileSync(settings, 'utf8')
  const { hooks = {} } = JSON.parse(text) as { hooks?: Record<string, Hook[]> }
  return (event, input) => {
    for (const { matcher, hooks: commands = [] } of hooks[event] ?? [])
      for (const { command } of commands) {
        if (command === undefined || (matcher && matcher !== '*' && !new RegExp(matcher).test(String(input['source']))))
          continue
        const env = { ...process.env, CLAUDE_CODE_SESSION_ID: String(input['session_id']) }
        const told = JSON.stringify({ ...input, hook_event_name: event })
        // The last one is waited for: it would end with the program.
        if (event === 'SessionEnd') {
          spawnSync('/bin/sh', ['-c', command], {
            input: told,
            stdio: ['pipe', 'ignore', 'ignore'],
            env,
            timeout: 2000,
          })
          continue
        }
        const child = spawn('/bin/sh', ['-c', command], { stdio: ['pipe', 'ignore', 'ignore'], env })
        child.stdin.on('error', () => undefined).end(told)
      }
  }
}
