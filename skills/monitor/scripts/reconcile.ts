#!/usr/bin/env -S npx tsx
import { main } from '#lib/commands/entry-reconcile.ts'

await main(process.argv.slice(2))
