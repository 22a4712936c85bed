#!/usr/bin/env -S npx tsx
import { stop } from '#lib/commands/stop.ts'
import { runCommand } from '#lib/commands/run.ts'

await runCommand(stop, process.argv.slice(2))
