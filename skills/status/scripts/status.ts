#!/usr/bin/env -S npx tsx
import { runCommand } from '#lib/commands/run.ts'
import { status } from '#lib/commands/status.ts'

await runCommand(status, process.argv.slice(2))
