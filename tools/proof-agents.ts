/** Proofs with stand-in agents in real tmux, counted by what the stand-ins wrote down.
 * usage: npm run proof:agents [-- --prompts 1000] [--runs 200] [--rounds 5] [--seed 1] [--only deliveries|ids|resumes|starts] */
import { parseArgs } from 'node:util'
import { deliveries } from './proof/deliveries.ts'
import { ids } from './proof/ids.ts'
import type { Proof } from './proof/proof.ts'
import { resumes } from './proof/resumes.ts'
import { starts } from './proof/starts.ts'

const PROOFS: readonly Proof[] = [deliveries, ids, resumes, starts]

const { values } = parseArgs({
  options: {
    prompts: { type: 'string', default: '1000' },
    runs: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
})
const sizes = { prompts: Number(values.prompts), runs: Number(values.runs), rounds: Number(values.rounds) }
const seed = Number(values.seed)
const chosen = PROOFS.filter(proof => values.only === undefined || proof.name === values.only)
const isUsable = Object.values(sizes).every(size => Number.isInteger(size) && size > 0) && Number.isInteger(seed)
if (!isUsable || chosen.length === 0) {
  const names = PROOFS.map(proof => proof.name).join(', ')
  console.error(`--prompts, --runs, --rounds and --seed are whole numbers; --only is one of ${names}`)
  process.exit(2)
}

for (const proof of chosen) {
  const began = performance.now()
  const { name, cases = 'prompts' } = proof
  const onProgress = (done: number) =>
    process.stderr.isTTY && process.stderr.write(`\r${name}: ${done} of ${sizes[cases]} ${cases} `)
  const { rows, misses } = await proof.run({ ...sizes, seed, onProgress })
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  const seconds = Math.round((performance.now() - began) / 1000)
  console.log(`${name} (${sizes[cases]} ${cases}, seed ${seed}, ${seconds} s): ${proof.claim}`)
  console.table(rows)
  for (const miss of misses) console.log(`MISS ${miss}`)
  console.log(misses.length === 0 ? 'holds' : `does not hold: ${misses.length} misses`)
  if (misses.length > 0) process.exitCode = 1
}
