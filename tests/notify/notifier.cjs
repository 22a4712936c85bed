/** A notifier: writes down what it was given, then ends as `mode` in its folder says. */
const { spawn } = require('node:child_process')
const { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')

const [folder, ...argv] = process.argv.slice(2)
const modeFile = join(folder, 'mode')
const mode = existsSync(modeFile) ? readFileSync(modeFile, 'utf8') : ''
const running = join(folder, 'running')
mkdirSync(running, { recursive: true })
writeFileSync(join(running, String(process.pid)), '')
process.on('exit', () => unlinkSync(join(running, String(process.pid))))

function record(stdin) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('AGENT_SESSIONS_')))
  const at = join(folder, `${process.hrtime.bigint()}-${process.pid}`)
  const most = readdirSync(running).length
  writeFileSync(`${at}.new`, JSON.stringify({ argv, env, stdin, cwd: process.cwd(), most }))
  renameSync(`${at}.new`, `${at}.json`)
}

if (mode === 'deaf') {
  record('')
  process.exit(0)
}
let stdin = ''
process.stdin.on('data', chunk => (stdin += chunk))
process.stdin.on('end', () => {
  if (mode === 'hang') {
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 600_000)'], { stdio: 'ignore' })
    writeFileSync(join(running, String(child.pid)), '')
    setTimeout(() => {}, 600_000)
  }
  record(stdin)
  if (mode === 'slow') setTimeout(() => process.exit(0), 400)
  if (mode === 'fail') process.exit(3)
})
