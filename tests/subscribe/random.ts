/** Gives a whole number from 0 to below `end`. */
export type Draw = (end: number) => number

/** The same numbers in every run: a linear congruence, of which the upper bits count. */
export function draws(seed: number): Draw {
  let state = seed % 2 ** 31
  return end => {
    state = (state * 1103515245 + 12345) % 2 ** 31
    return Math.floor((state / 2 ** 31) * end)
  }
}
