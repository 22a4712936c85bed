#!/usr/bin/env -S npx tsx
import { resume } from '#lib/commands/resume.ts'
import { runCommand } from '#lib/commands/run.ts'

await runCommand(resume, process.argv.slice(2))
