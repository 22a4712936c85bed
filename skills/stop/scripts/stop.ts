#!/usr/bin/env -S npx tsx
import { runCommand } from '#lib/commands/run.ts'
import { stop } from '#lib/commands/stop.ts'

await runCommand(stop, process.argv.slice(2))
