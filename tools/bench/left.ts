/** What must be ended or removed, also when the bench is stopped halfway. */
const left = new Set<() => void>()

process.on('exit', () => {
  for (const end of [...left].reverse()) end()
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

/** Gives a function that ends it now, once. */
export function atTheEnd(end: () => void): () => void {
  const once = () => {
    if (left.delete(once)) end()
  }
  left.add(once)
  return once
}
