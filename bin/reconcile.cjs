#!/usr/bin/env node
// The bundle where it is built; the sources through tsx otherwise, or when AGENT_SESSIONS_DEV is set.
const { existsSync } = require('node:fs')
const { join } = require('node:path')

const bundle = join(__dirname, '../dist/reconcile.cjs')
const argv = process.argv.slice(2)
if (!process.env.AGENT_SESSIONS_DEV && existsSync(bundle)) require(bundle).main(argv)
else
  import('tsx/esm/api')
    .then(({ tsImport }) => tsImport('../lib/commands/entry-reconcile.ts', __filename))
    .then(({ main }) => main(argv))
