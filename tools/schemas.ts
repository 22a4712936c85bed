/** Writes the JSON Schemas of the files people edit. With --check: fails when one on disk is stale. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { toJSONSchema } from 'zod'
import { configSchema } from '#lib/agents/custom.ts'
import { jobSchema } from '#lib/jobs/schema.ts'
import { registrySchema } from '#lib/registry/schema.ts'

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), 'schemas')
const SCHEMAS = {
  'agent-sessions.schema.json': {
    title: 'agent-sessions registry (.hermes/agent-sessions.yaml)',
    schema: registrySchema,
  },
  'agent-sessions.config.schema.json': {
    title: 'agent-sessions config (.hermes/agent-sessions.config.yaml)',
    schema: configSchema,
  },
  'agent-sessions.job.schema.json': {
    title: 'agent-sessions job (.hermes/jobs/<job id>.json)',
    schema: jobSchema,
  },
}

let isStale = false
mkdirSync(folder, { recursive: true })
for (const [file, { title, schema }] of Object.entries(SCHEMAS)) {
  const text = `${JSON.stringify({ title, ...toJSONSchema(schema) }, null, 2)}\n`
  const path = join(folder, file)
  if (!process.argv.includes('--check')) {
    writeFileSync(path, text)
    continue
  }
  if (readFileSync(path, 'utf8') === text) continue
  process.stderr.write(`schemas/${file} is stale: run \`npm run schemas\`\n`)
  isStale = true
}
process.exitCode = isStale ? 1 : 0
