/** Is the package whole? Packs it, unpacks it elsewhere without any node_modules, and runs what it promises. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const place = mkdtempSync(join(tmpdir(), 'as-pack-'))
const expect = (ok: boolean, what: string) => {
  if (!ok) throw new Error(`the package is not whole: ${what}`)
}

try {
  const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', place], { cwd: root }).toString()
  const output = JSON.parse(packed.slice(packed.search(/^[[{]/m)))
  const { filename, files } = (Array.isArray(output) ? output[0] : Object.values(output)[0]) as {
    filename: string
    files: { path: string }[]
  }
  const paths = files.map(file => file.path)
  for (const wanted of [
    'README.md',
    'CHANGELOG.md',
    'docs/first-ten-minutes.md',
    'docs/status.svg',
    '.claude-plugin/marketplace.json',
    'dist/skills/status/SKILL.md',
    'dist/skills/status/scripts/agent-sessions.cjs',
    'schemas/agent-sessions.schema.json',
    'schemas/agent-sessions.job.schema.json',
    'skills/delegate-job/SKILL.md',
    'skills/delegate-job/references/mqtt.md',
    'skills/monitor/SKILL.md',
    'skills/status/SKILL.md',
  ])
    expect(paths.includes(wanted), `${wanted} is missing`)
  const stray = paths.find(path => /^(tests|tools|\.hermes|node_modules)\//.test(path))
  expect(stray === undefined, `${stray} does not belong there`)

  execFileSync('tar', ['-xzf', join(place, filename), '-C', place])
  const folder = join(place, 'package')
  const { bin, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  expect(!existsSync(join(folder, 'node_modules')), 'it carries node_modules')
  for (const path of Object.values<string>(bin)) {
    const run = (...args: string[]) =>
      execFileSync(process.execPath, [join(folder, path), ...args], { cwd: '/' }).toString()
    expect(run('--version').trim() === version, `${path} --version is not ${version}`)
    expect(run('--help').includes('exit') || run('--help').includes('COMMAND'), `${path} --help says nothing`)
  }
  process.stdout.write(`the package holds ${paths.length} files and its programs run without node_modules\n`)
} finally {
  rmSync(place, { recursive: true, force: true })
}
