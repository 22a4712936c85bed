/** Regular expressions that people write into a config, tried for a bounded time: no rule tells all that take for ever from
 * those that do not (`.*.*.*x` needs five seconds for one line of 300 letters). */
import { type Context, createContext, Script } from 'node:vm'

/** A usual one takes microseconds. */
const MOST_MS = 200
/** A machine that is busy for a moment must not make a pattern useless; one that always takes for ever costs no more. */
const MOST_TIMES = 3
/** Time that passed without so much work was not the pattern's: the process was held. Then it is tried again. */
const WORK_MS = MOST_MS / 10
const MOST_HELD = 2

/** A pattern as it can be used on anything: what takes longer than 0.2 s does not match, and is not tried again once that
 * has happened three times. Throws what `RegExp` throws. */
export function boundedPattern(source: string, flags = ''): RegExp {
  return isQuick(source) ? new RegExp(source, flags) : new BoundedPattern(source, flags)
}

/** A pattern made of another one is bounded as that is. */
export function patternLike(other: RegExp, source: string, flags = ''): RegExp {
  return other instanceof BoundedPattern ? new BoundedPattern(source, flags) : new RegExp(source, flags)
}

let context: Context | undefined
let script: Script | undefined

class BoundedPattern extends RegExp {
  private readonly plain: RegExp
  private outOfTime = 0

  constructor(source: string, flags: string) {
    super(source, flags)
    this.plain = new RegExp(source, flags)
  }

  /** `test`, `match` and `replace` go by it, too. */
  override exec(text: string): RegExpExecArray | null {
    if (this.outOfTime >= MOST_TIMES) return null
    context ??= createContext({})
    script ??= new Script('pattern.exec(text)')
    context['pattern'] = this.plain
    context['text'] = text
    try {
      for (let held = 0; ; held++) {
        const before = process.cpuUsage()
        try {
          // The only bound that Node has for it; a call costs 0.2 ms.
          return script.runInContext(context, { timeout: MOST_MS })
        } catch (error) {
          // An error of the other context: no `instanceof`.
          if ((error as { code?: unknown }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
          if (workedMs(before) < WORK_MS && held < MOST_HELD) continue
          this.outOfTime++
          return null
        }
      }
    } finally {
      context['text'] = ''
    }
  }
}

function workedMs(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** Surely linear: nothing repeats, or one thing at the beginning of a line. */
function isQuick(source: string): boolean {
  const bare = source
    .replaceAll(/\\./gs, 'x')
    .replaceAll(/\[[^\]]*\]/g, 'x')
    .replaceAll(/\(\?(?:[:=!]|<[=!]|<\w+>)/g, '(')
  const loose = bare.match(/[*+?|{]/g)?.length ?? 0
  return loose === 0 || (loose === 1 && bare.startsWith('^') && !bare.includes('|'))
}
