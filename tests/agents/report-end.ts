/** An agent that does as its message says: it reports its job's end by the line that the message holds. */
import { spawn } from 'node:child_process'
import { control } from './control.ts'
import type { Journal } from './journal.ts'

/** Runs the line in a shell, where the control file asks for it; the turn goes on meanwhile. */
export function reportEnd(text: string, journal: Journal): void {
  const { report } = control()
  const line = text.split(/\n| -- /).find(one => one.includes('delegate-job emit'))
  if (report === undefined || line === undefined) return
  const told = line.replace(/ completed\b/, ` ${report}`)
  const child = spawn('/bin/sh', ['-c', told], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', chunk => (output += chunk))
  child.stderr.setEncoding('utf8').on('data', chunk => (output += chunk))
  child.on('close', code => journal({ kind: 'ran', line: told, code, output }))
}
