/** Proofs with stand-in agents in real tmux, counted by what the stand-ins wrote down.
 * usage: npm run proof:agents [-- --prompts 1000] [--seed 1] [--only deliveries] */
import { parseArgs } from 'node:util'
import { deliveries } from './proof/deliveries.ts'
import type { Proof } from './proof/proof.ts'

const PROOFS: readonly Proof[] = [deliveries]

const { values } = parseArgs({
  options: {
    prompts: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
})
const [prompts, seed] = [Number(values.prompts), Number(values.seed)]
const chosen = PROOFS.filter(proof => values.only === undefined || proof.name === values.only)
if (!Number.isInteger(prompts) || prompts < 1 || !Number.isInteger(seed) || chosen.length === 0) {
  console.error(
    `--prompts and --seed are whole numbers; --only is one of ${PROOFS.map(proof => proof.name).join(', ')}`,
  )
  process.exit(2)
}

for (const proof of chosen) {
  const began = performance.now()
  const { rows, misses } = await proof.run({
    prompts,
    seed,
    onProgress: done => process.stderr.isTTY && process.stderr.write(`\r${proof.name}: ${done} of ${prompts} `),
  })
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  console.log(`${proof.name} (seed ${seed}, ${Math.round((performance.now() - began) / 1000)} s): ${proof.claim}`)
  console.table(rows)
  for (const miss of misses) console.log(`MISS ${miss}`)
  console.log(misses.length === 0 ? 'holds' : `does not hold: ${misses.length} misses`)
  if (misses.length > 0) process.exitCode = 1
}
