/** The homes of the real programs in a world: set up once, no account, nothing but loopback, no update. Each puts the program
 * on the world's PATH under its own name. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { claude } from '#lib/agents/claude.ts'
import { codex } from '#lib/agents/codex.ts'
import { claudeDriver } from '#lib/agents/drive/claude.ts'
import { codexDriver } from '#lib/agents/drive/codex.ts'
import { geminiDriver } from '#lib/agents/drive/gemini.ts'
import { opencodeDriver } from '#lib/agents/drive/opencode.ts'
import { gemini } from '#lib/agents/gemini.ts'
import { opencode } from '#lib/agents/opencode.ts'
import type { World } from '../harness/world.ts'
import type { Kind } from './agent.ts'
import type { RealProgram } from './install.ts'

export interface Home {
  real: RealProgram
  /** Of the stub. */
  url: string
  isTrusted?: boolean
}

const CLAUDE_KEY = 'sk-ant-dummy-000000000000000000000000'

export function claudeIn(world: World, { real, url, isTrusted = true }: Home): Kind {
  write(join(world.home, '.claude.json'), {
    hasCompletedOnboarding: true,
    theme: 'dark',
    lastOnboardingVersion: real.version,
    customApiKeyResponses: { approved: [CLAUDE_KEY.slice(-20)], rejected: [] },
    projects: isTrusted ? { [world.workspace]: { hasTrustDialogAccepted: true } } : {},
  })
  const quiet = { CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', DISABLE_TELEMETRY: '1', DISABLE_AUTOUPDATER: '1' }
  give(world, { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: CLAUDE_KEY, ...quiet })
  return { adapter: claude, driver: claudeDriver, program: onPath(world, 'claude', real) }
}

export const CODEX_MODEL = 'gpt-6-sol'

/** A folder is asked about where it is a repository. */
export function codexIn(world: World, { real, url }: Home): Kind {
  const config = [
    `model = "${CODEX_MODEL}"`,
    'model_provider = "stub"',
    'check_for_update_on_startup = false',
    '[model_providers.stub]',
    'name = "stub"',
    `base_url = "${url}/v1"`,
    'env_key = "STUB_KEY"',
    'wire_api = "responses"',
    'request_max_retries = 0',
    'stream_max_retries = 0',
    'supports_websockets = false',
  ]
  write(join(world.home, '.codex/config.toml'), `${config.join('\n')}\n`)
  give(world, { STUB_KEY: 'x' })
  return { adapter: codex, driver: codexDriver, program: onPath(world, 'codex', real) }
}

export function geminiIn(world: World, { real, url, isTrusted = true }: Home): Kind {
  write(join(world.home, '.gemini/settings.json'), {
    security: { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: true } },
    general: { enableAutoUpdate: false },
    privacy: { usageStatisticsEnabled: false },
  })
  if (isTrusted) write(join(world.home, '.gemini/trustedFolders.json'), { [world.workspace]: 'TRUST_FOLDER' })
  give(world, { GEMINI_API_KEY: 'none', GOOGLE_GEMINI_BASE_URL: url })
  return { adapter: gemini, driver: geminiDriver, program: onPath(world, 'gemini', real) }
}

export function opencodeIn(world: World, { real, url }: Home): Kind {
  const provider = {
    npm: '@ai-sdk/openai-compatible',
    name: 'Stub',
    options: { baseURL: `${url}/v1`, apiKey: 'none' },
    models: { stub: { name: 'Stub' } },
  }
  write(join(world.home, '.config/opencode/opencode.json'), {
    autoupdate: false,
    share: 'disabled',
    model: 'stub/stub',
    provider: { stub: provider },
    permission: { bash: 'ask' },
  })
  give(world, {
    OPENCODE_DISABLE_AUTOUPDATE: '1',
    OPENCODE_DISABLE_MODELS_FETCH: '1',
    OPENCODE_DISABLE_SHARE: '1',
  })
  return { adapter: opencode, driver: opencodeDriver, program: onPath(world, 'opencode', real) }
}

function give(world: World, env: Record<string, string>): void {
  Object.assign(world.env, { TERM: 'tmux-256color', LANG: 'C.UTF-8', ...env })
}

function onPath(world: World, name: string, real: RealProgram): string {
  const path = join(world.bin, name)
  symlinkSync(real.path, path)
  return path
}

function write(path: string, what: unknown): void {
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, typeof what === 'string' ? what : JSON.stringify(what))
}
