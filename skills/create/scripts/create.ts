#!/usr/bin/env -S npx tsx
import { create } from '#lib/commands/create.ts'
import { runCommand } from '#lib/commands/run.ts'

await runCommand(create, process.argv.slice(2))
