/** Run as a process of its own by the store tests. `update`: adds tokens to its own row and one to a common total, and
 * says each that was reported done. `read`: reads without end, until its standard input ends. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Change } from '#lib/registry/change.ts'
import { rowsOf } from '#lib/registry/rows.ts'
import { readRegistryFile, updateRegistry } from '#lib/registry/store.ts'

const [kind, path = '', name = '', run = '', times = '0', flockProgram = 'flock'] = process.argv.slice(2)
const say = (text: string) => process.stdout.write(`${text}\n`)

async function update(): Promise<void> {
  for (let i = 0; i < Number(times); i++) {
    const token = `${run}.${i}`
    const { written } = await updateRegistry(
      path,
      ({ registry }): Change[] => {
        const rows = rowsOf(registry)
        const own = rows.find(row => row.name === name)?.['tokens']
        const total = rows.find(row => row.name === 'total')?.['count']
        return [
          { kind: 'set', server: 'default', name, set: { tokens: [...(own as string[]), token] } },
          { kind: 'set', server: 'default', name: 'total', set: { count: Number(total) + 1 } },
        ]
      },
      { waitMs: 60_000, flockProgram },
    )
    if (written) say(`done ${name} ${token}`)
  }
}

async function read(): Promise<void> {
  let on = true
  process.stdin.resume().on('end', () => {
    on = false
  })
  let count = 0
  for (; on; count++) {
    const { snapshot } = await readRegistryFile(path)
    if (rowsOf(snapshot.registry).length !== 17) throw new Error(`rows are missing: ${snapshot.text}`)
    await pause(5)
  }
  say(`read ${count}`)
}

const kinds: Record<string, () => Promise<void>> = { update, read }
kinds[kind ?? '']?.().catch((error: unknown) => {
  say(`failed ${error}`)
  process.exitCode = 70
})
