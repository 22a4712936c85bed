#!/usr/bin/env -S npx tsx
import { delegateJob } from '#lib/commands/delegate-job.ts'
import { runCommand } from '#lib/commands/run.ts'

await runCommand(delegateJob, process.argv.slice(2))
