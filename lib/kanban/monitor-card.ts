/** The card a monitor lives on: what its worker is told to do, and how long. Pure. */
import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { CodedError, EXIT } from '#lib/system/errors.ts'
import { shellLine } from '#lib/system/shell-word.ts'
import type { NewCard } from './forms.ts'

export interface CardPlan {
  /** What runs `reconcile`, as words with absolute paths. */
  program: readonly string[]
  /** Absolute. */
  workspace: string
  /** Absolute. */
  registryPath: string
  /** `--max-runtime` as Hermes takes it. */
  maxRuntime: string
  assignee: string
  /** Passes alone, instead of jobs too. */
  watch: boolean
  server: string | undefined
  skill: string | undefined
  board: string | undefined
}

/** The worker of Hermes sees so much of a body. */
const MOST_BODY_BYTES = 8 * 1024

/** A worker needs a while to begin, and to end its card. */
const LEAST_RUNTIME_SEC = 600

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** Seconds of a time as `--max-runtime` takes it: 90s, 30m, 8h, 1d, or seconds. CodedError `usage`. */
export function runtimeSec(text: string): number {
  const [, count, unit = 's'] = /^(\d{1,7})([smhd])?$/.exec(text) ?? []
  const sec = Number(count) * (UNITS[unit] ?? 1)
  if (sec >= LEAST_RUNTIME_SEC) return sec
  throw new CodedError(
    'usage',
    EXIT.broken,
    `--max-runtime takes a time from 10m up, such as 90m, 8h or 1d, got "${text}"`,
    'Example: agent-sessions monitor-card --max-runtime 8h',
  )
}

/** The card, with its body made from the template. CodedErrors `usage` (a runtime), `unfit-path` and `body-too-long`. */
export function cardFor(plan: CardPlan, template: string): NewCard {
  const { workspace, maxRuntime } = plan
  for (const path of [workspace, plan.registryPath, ...plan.program]) checkPath(path)
  const runtime = runtimeSec(maxRuntime)
  // It is to end by itself, and in time: being killed counts as a failure.
  const timeout = runtime - Math.min(600, Math.floor(runtime / 5))
  const values: Record<string, string> = {
    command: commandOf(plan, timeout),
    workspace,
    seconds: String(timeout),
    // A command of the terminal tool may take so long where the card has a --max-runtime.
    terminal_seconds: String(runtime - 30),
  }
  const body = template.replaceAll(/\{\{(\w+)\}\}/g, (whole, name: string) => values[name] ?? whole)
  if (Buffer.byteLength(body) > MOST_BODY_BYTES)
    throw new CodedError(
      'body-too-long',
      EXIT.refused,
      `the card's text would have ${Buffer.byteLength(body)} bytes; a worker sees ${MOST_BODY_BYTES}`,
      'The paths in it are too long: put the bundle or the workspace elsewhere.',
    )
  return {
    title: `Keep the agent sessions of ${basename(workspace) || 'this machine'} true`.replaceAll(/\s+/g, ' '),
    body,
    assignee: plan.assignee,
    workspace,
    maxRuntime,
    idempotencyKey: `agent-sessions-monitor-${createHash('sha256').update(workspace).digest('hex').slice(0, 16)}`,
    skill: plan.skill,
    board: plan.board,
  }
}

/** The one long command. In a container HOME is moved; the agents' own files are in the real one. */
function commandOf({ program, registryPath, watch, server }: CardPlan, timeout: number): string {
  const mode = watch ? ['--watch'] : ['--subscribe', '--idle-timeout', '0']
  const where = ['--registry', registryPath, ...(server === undefined ? [] : ['--server', server])]
  const words = [...program, ...mode, '--card', 'env', '--timeout', String(timeout), ...where]
  return `HOME="\${HERMES_REAL_HOME:-$HOME}" ${shellLine(words)} > /dev/null`
}

/** Hermes takes white space off a path's ends, and a terminal obeys what it is shown. */
function checkPath(path: string): void {
  const why =
    path.trim() !== path
      ? 'begins or ends with white space, which Hermes takes off'
      : /[\u0000-\u0008\u000b-\u001f\u007f]/.test(path)
        ? 'holds a control character'
        : undefined
  if (why !== undefined)
    throw new CodedError('unfit-path', EXIT.refused, `${JSON.stringify(path)} ${why}`, 'Rename it, or move it.')
}
