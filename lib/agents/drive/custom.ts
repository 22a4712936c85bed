/** Agents of the config that say how they are started. */
import { boundedPattern } from '../bounded-pattern.ts'
import type { AgentConfig } from '../custom.ts'
import type { Driver, InputLine, Launch, ScreenLine, Wish } from './types.ts'

/** Undefined where the config does not tell how to start it. */
export function customDriver(name: string, config: AgentConfig): Driver | undefined {
  const { start } = config
  if (start === undefined) return undefined
  const programs = [config.program ?? config.process?.[0] ?? name]
  const launch = (words: readonly string[], id: string | undefined, wish: Wish): Launch => {
    const values = {
      id: id ?? wish.newId,
      folder: wish.folder,
      model: wish.model ?? '',
      log: wish.logFile,
      port: String(wish.port),
    }
    const more = [
      ...(wish.model === undefined ? [] : (config.model ?? [])),
      ...(wish.skipPermissions ? (config.skip_permissions ?? []) : []),
    ]
    const args = [...words, ...more].map(word =>
      word.replaceAll(/\{(\w+)\}/g, (whole, inside) => valueFor(values, inside) ?? whole),
    )
    const takesId = id !== undefined || words.some(word => word.includes('{id}'))
    const takesLog = words.some(word => word.includes('{log}'))
    return { args, ...(takesId ? { id: values.id } : {}), ...(takesLog ? { logFile: wish.logFile } : {}) }
  }
  const { resume, fork } = config
  const pattern = config.input === undefined ? undefined : boundedPattern(config.input)
  return {
    name,
    programs,
    homeVariables: config.home ?? [],
    start: wish => launch(start, undefined, wish),
    resume(id, wish) {
      if (resume === undefined) throw new Error(`the config does not say how to resume ${name}`)
      return launch(resume, id, wish)
    },
    canResume: resume !== undefined,
    seesInput: config.input !== undefined,
    takesLines: config.multiline === true,
    choosesModel: config.model !== undefined,
    ...(fork ? { fork: (id: string, wish: Wish) => ({ ...launch(fork, id, wish), id: wish.newId }) } : {}),
    ...(config.skip_permissions
      ? {}
      : { skipRefusal: () => `the config does not say how ${name} skips permissions (skip_permissions)` }),
    // Whether its conversation is the one that was asked for, only its staying up can tell.
    resumeProof: 'stays',
    ...(config.not_found ? { notFound: boundedPattern(config.not_found, 'm') } : {}),
    ...(config.trust_choice ? { trustChoice: boundedPattern(config.trust_choice) } : {}),
    ...(config.choice_mark ? { choiceMark: boundedPattern(config.choice_mark, 'u') } : {}),
    leaveText: config.leave ?? '/exit',
    enterGapMs: config.enter_gap_ms ?? 300,
    input: lines => inputOf(lines, pattern),
    recordMark: async () => undefined,
    messagesSince: async () => undefined,
  }
}

/** What stands for a word in braces. Not what every object has: `{constructor}` stays as it is. */
function valueFor(values: Record<string, string>, word: string): string | undefined {
  return Object.hasOwn(values, word) ? values[word] : undefined
}

/** The last line that the pattern matches; what its first group caught is the draft. */
function inputOf(lines: readonly ScreenLine[], pattern: RegExp | undefined): InputLine {
  if (pattern === undefined) return { kind: 'none' }
  // What is captured has no blanks at the ends of lines: an empty input line may be its sign alone.
  const read = (line: string) => pattern.exec(line) ?? pattern.exec(`${line} `)
  const draft = lines.map(({ bright }) => read(bright.slice(0, 300).trimEnd())).findLast(match => match !== null)
  if (!draft) return { kind: 'none' }
  const text = (draft[1] ?? '').trim()
  return text === '' ? { kind: 'empty' } : { kind: 'draft', text }
}
