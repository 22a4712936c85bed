/** How Claude Code behaves and what it writes down, and when. */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { App } from './app.ts'
import type { ClaudeWish } from './claude-flags.ts'
import { claudeHooks } from './claude-hooks.ts'
import { announceMap, removeMap, writeMap } from './claude-map.ts'
import { drawClaude } from './claude-screen.ts'
import type { ClaudeStore } from './claude-store.ts'
import { control } from './control.ts'
import type { Kind } from './kind.ts'
import { writeWhole } from './write-whole.ts'

/** Longer pastes, and those of more line breaks, are shown folded. */
const FOLD_CHARACTERS = 800
const FOLD_BREAKS = 2
/** Taken out of a paste. */
const INVISIBLE = /[\u200b\u2060]/g

export function claudeKind(wish: ClaudeWish, store: ClaudeStore): Kind {
  const hook = claudeHooks(wish.settings)
  const cwd = process.cwd()
  const pasteId = randomBytes(2).toString('hex')
  const about = (app: App) => ({ session_id: app.id, transcript_path: store.pathOf(app.id), cwd })

  return {
    name: 'claude',
    alternate: true,
    ctrlCsToLeave: 2,
    // The bare words leave too, without asking (2.1.329).
    leaves: /^\s*(?:\/(?:exit|quit)(?:\s|$)|(?:exit|quit|:q)\s*$)/,
    backslashBreaks: true,
    completes: /(?:^|\s)(?:@\S*|(?<=\S\s+)\/\S*)$/,
    // None behind a bracketed paste (2.1.329).
    complete: ({ composer }) => (composer.endsPasted && !control().popups ? undefined : composer.text),
    cleanPaste(app, text) {
      const cleaned = text.replaceAll(INVISIBLE, '')
      // The first Enter is for reading what was taken out (2.1.329).
      if (cleaned !== text)
        app.review = `Removed ${text.length - cleaned.length} invisible characters · review and press Enter to send`
      return cleaned
    },
    takesAllQueued: true,
    fold(text, number) {
      const breaks = text.split('\n').length - 1
      if (text.length <= FOLD_CHARACTERS && breaks <= FOLD_BREAKS) return undefined
      return breaks === 0 ? `[Pasted text #${number}]` : `[Pasted text #${number} +${breaks} lines]`
    },
    wrapPaste: paste => `\n\n<pasted_content id="${pasteId}">\n${paste}\n</pasted_content id="${pasteId}">\n`,
    draw: drawClaude,
    trustQuestion(trustsFirst) {
      if (isTrusted(cwd)) return undefined
      announceMap()
      const choices = ['Yes, I trust this folder', 'No, exit']
      return trustsFirst ? { choices, trusts: 0 } : { choices: choices.toReversed(), trusts: 1 }
    },
    bypassQuestion() {
      const isSpared = wish.settings?.includes('"skipDangerousModePermissionPrompt":true')
      return wish.skipPermissions && !isSpared ? ['No, exit', 'Yes, I accept'] : undefined
    },
    permission: { choices: ['Yes', 'Yes, and always allow access to lab/ from this project', 'No'] },
    login: ['Claude account with subscription · Pro, Max, Team, or Enterprise', 'Anthropic Console account'],
    ready(app) {
      trust(cwd)
      writeMap(app)
      hook('SessionStart', { ...about(app), source: wish.resume ? 'resume' : 'startup', model: wish.model })
      if (wish.prompt !== undefined) app.enter(wish.prompt)
    },
    statusChanged: writeMap,
    submitted(app, text, wasQueued) {
      hook('UserPromptSubmit', { ...about(app), prompt: text })
      store.user(app.id, asRecorded(text), wasQueued ? 'queued' : 'typed')
    },
    queued: (app, text) => store.queueOperation(app.id, 'enqueue', asRecorded(text).trim()),
    injected(app, text) {
      store.queueOperation(app.id, 'remove', asRecorded(text).trim())
      const prompt = asRecorded(text).trim()
      store.note(app.id, { attachment: { type: 'queued_command', prompt, commandMode: 'prompt' }, type: 'attachment' })
    },
    dequeued: app => store.queueOperation(app.id, 'dequeue'),
    answered(app, answer, isLimited) {
      if (isLimited) store.limited(app.id, answer)
      else store.assistant(app.id, answer, wish.model)
      store.note(app.id, { type: 'system', subtype: 'turn_duration', durationMs: 300, isMeta: false })
      if (isLimited) hook('StopFailure', { ...about(app), error: 'rate_limit' })
      else
        hook('Stop', { ...about(app), last_assistant_message: answer, background_tasks: [], stop_hook_active: false })
    },
    interrupted(app) {
      const content = [{ type: 'text', text: '[Request interrupted by user]' }]
      store.note(app.id, { type: 'user', message: { role: 'user', content } })
    },
    command(app, text) {
      // Blanks before it do not make it a prompt (2.1.329); they do for a shell command.
      const name = /^\s*\/([A-Za-z0-9:_-]*)(?:\s|$)/.exec(text)?.[1]
      // A shell command of the user's own: nothing a model gets as a message. It is not run here.
      if (name === undefined) return text.startsWith('!')
      if (name === 'clear') {
        app.clear()
        store.cleared(app.id)
        hook('SessionStart', { ...about(app), source: 'clear', model: wish.model })
      } else if (name === '') app.say('note', 'Commands are in the form /command [args]')
      else app.say('agent', `Unknown command: /${name}`)
      return true
    },
    left(app, why) {
      removeMap()
      if (app.isReady) {
        if (why === 'prompt_input_exit') store.ensure(app.id)
        hook('SessionEnd', { ...about(app), reason: why === 'prompt_input_exit' ? why : 'other' })
      }
      return app.isReady ? `\nResume this session with:\nclaude --resume ${app.id}\n` : ''
    },
    limitText:
      "API Error: Request rejected (429) · This request would exceed your account's rate limit. Please try again later.",
  }
}

/** What is kept of a text (2.1.329): no blanks at its end, no tabs, no line breaks but \n, composed characters. */
const asRecorded = (text: string) =>
  text
    .trimEnd()
    .replaceAll('\t', '    ')
    .replaceAll(/[\u0085\u2028\u2029]/g, '\n')
    .normalize('NFC')

const settingsFile = () => join(process.env['CLAUDE_CONFIG_DIR'] || (process.env['HOME'] ?? '/'), '.claude.json')

interface Settings {
  projects?: Record<string, { hasTrustDialogAccepted?: boolean }>
}

function readSettings(): Settings {
  return existsSync(settingsFile()) ? (JSON.parse(readFileSync(settingsFile(), 'utf8')) as Settings) : {}
}

function isTrusted(folder: string): boolean {
  return readSettings().projects?.[folder]?.hasTrustDialogAccepted === true
}

function trust(folder: string): void {
  if (isTrusted(folder)) return
  const settings = readSettings()
  const projects = { ...settings.projects, [folder]: { hasTrustDialogAccepted: true } }
  mkdirSync(dirname(settingsFile()), { recursive: true })
  writeWhole(settingsFile(), JSON.stringify({ ...settings, projects }))
}
