/** One part of the proof, run small. */
import type { PartResult, Wish, Wrong } from '../../tools/proof/part.ts'

export async function tried(
  run: (wish: Wish) => Promise<PartResult>,
  { seed, count, ms = 10_000 }: { seed: number; count?: number; ms?: number },
): Promise<{ wrongs: Wrong[]; result: PartResult }> {
  const wrongs: Wrong[] = []
  const { signal } = new AbortController()
  const wish: Wish = {
    seed,
    ms,
    ...(count === undefined ? {} : { count }),
    signal,
    wrong: wrong => wrongs.push(wrong),
    onProgress: () => undefined,
  }
  return { wrongs, result: await run(wish) }
}
