/** Regular expressions that people write into a config run on whatever stands on a screen: one that takes for ever would
 * hang every pass. */

/** Why a pattern is not taken; undefined when it is. Refuses what makes matching explode, and some harmless ones with it:
 * a repeated group that itself repeats or chooses, and a reference back into the text. */
export function unsafePattern(source: string): string | undefined {
  try {
    new RegExp(source, 'm')
  } catch (error) {
    return error instanceof Error ? error.message : 'not a regular expression'
  }
  const bare = source.replaceAll(/\\[^\d k]/g, 'x').replaceAll(/\[(?:\\.|[^\]\\])*\]/g, 'x')
  if (/\\[1-9]|\\k</.test(bare)) return 'a reference back (\\1) can take for ever; write it without'
  const depthStack: boolean[] = []
  for (let at = 0; at < bare.length; at++) {
    const char = bare[at] as string
    if (char === '(') depthStack.push(false)
    else if (char === ')') {
      const isLoose = depthStack.pop() ?? false
      const isRepeated = /^(?:[*+]|\{\d+(?:,\d*)?\})/.test(bare.slice(at + 1))
      if (isLoose && isRepeated)
        return 'a repeated group that itself repeats or chooses can take for ever; write it flatter'
      if (depthStack.length > 0 && (isLoose || isRepeated)) depthStack[depthStack.length - 1] = true
    } else if (/[*+|]/.test(char) || /^\{\d+,/.test(bare.slice(at, at + 8))) {
      if (depthStack.length > 0) depthStack[depthStack.length - 1] = true
    }
  }
  const repeats = bare.match(/[*+]|\{\d+,\d*\}/g)?.length ?? 0
  return repeats > 6 ? 'it repeats in more than six places, which can take for ever' : undefined
}
