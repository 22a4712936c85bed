export interface Batch<T> {
  done: T[]
  failed: { name: string; error: unknown }[]
}

/** Does something with every row, so many at a time; one that fails keeps nobody else. In the rows' order. */
export async function inBatches<R extends { name: string }, T>(
  rows: readonly R[],
  atOnce: number,
  work: (row: R) => Promise<T>,
  onEnd?: (row: R, error?: unknown) => void,
): Promise<Batch<T>> {
  const results = new Array<{ value: T } | { error: unknown }>(rows.length)
  let next = 0
  const worker = async () => {
    for (let at = next++; at < rows.length; at = next++) {
      const row = rows[at] as R
      try {
        results[at] = { value: await work(row) }
        onEnd?.(row)
      } catch (error) {
        results[at] = { error }
        onEnd?.(row, error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, rows.length) }, worker))
  const batch: Batch<T> = { done: [], failed: [] }
  results.forEach((result, at) => {
    if ('value' in result) batch.done.push(result.value)
    else batch.failed.push({ name: (rows[at] as R).name, error: result.error })
  })
  return batch
}
