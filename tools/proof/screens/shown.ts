/** One screen, and what its agent does in truth. */
export interface Shown {
  name: string
  cli: string
  doing: 'resting' | 'working' | 'waiting' | 'limited'
  text: string
}

/** Is this answer wrong? No answer is right everywhere; one that rests and one that reached its limit look the same once the
 * words are out of sight. @param isWhole nothing of the screen is missing: then the answer must be there. */
export function fault({ doing, text }: Shown, state: string | undefined, isWhole: boolean): string | undefined {
  if (state === undefined || state === 'unknown')
    return isWhole && doing !== 'resting' ? `it is ${doing}, and nothing was seen` : undefined
  const restsAtLimit = /limit|\(429\)|quota/i.test(text)
  const right: Record<Shown['doing'], boolean> = {
    resting: state === 'idle' || (state === 'limited' && restsAtLimit),
    working: state === 'working',
    waiting: state === 'waiting',
    limited: state === 'limited' || (!isWhole && state === 'idle'),
  }
  return right[doing] ? undefined : `it is ${doing}, and was called ${state}`
}
