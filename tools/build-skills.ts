/** Makes the skills that travel alone: `<outdir>/<skill>/` holds SKILL.md, references/ and the whole program as one file
 * without any node_modules. Hosts that install a skill copy its folder and nothing beside it. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Where the program stands in each of them. It is the same one everywhere: texts and messages name several commands, and
 * git keeps equal files once. Not executable: hosts drop that bit, or mistrust it. */
const PROGRAM = 'scripts/agent-sessions.cjs'

/** @param options those of the other bundles. */
export async function buildSkills(outdir: string, options: BuildOptions): Promise<void> {
  const entry = join(root, 'lib/commands/entry-alone.ts')
  const where = { absWorkingDir: root, outfile: join(outdir, 'program.cjs'), write: false, metafile: true } as const
  const made = await build({ ...options, ...where, entryPoints: [entry] })
  const program = made.outputFiles[0]?.contents
  if (program === undefined) throw new Error('esbuild made nothing of the program that stands alone')
  const licences = licencesOf(Object.keys(made.metafile.inputs))
  for (const skill of readdirSync(join(root, 'skills'))) {
    const folder = join(outdir, skill)
    mkdirSync(join(folder, dirname(PROGRAM)), { recursive: true })
    writeFileSync(join(folder, PROGRAM), program)
    writeFileSync(join(folder, 'scripts/licences.txt'), licences)
    copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))
    const put = (path: string, borrowed?: Set<string>) => {
      const text = readFileSync(join(root, 'skills', path), 'utf8')
      const name = path.split('/').slice(1).join('/')
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), standingAlone(text, borrowed))
    }
    const borrowed = new Set<string>()
    for (const path of textsOf(skill)) put(path, borrowed)
    for (const path of borrowed) put(path)
  }
}

function textsOf(skill: string): string[] {
  const references = readdirSync(join(root, 'skills', skill), { withFileTypes: true }).some(
    entry => entry.isDirectory() && entry.name === 'references',
  )
    ? readdirSync(join(root, 'skills', skill, 'references')).map(name => `${skill}/references/${name}`)
    : []
  return [`${skill}/SKILL.md`, ...references]
}

/** Lines that are about the bundle only. */
const OF_THE_BUNDLE = [
  /^`BUNDLE\/node_modules\/\.bin\/tsx [^\n]*from the sources\.\n/gm,
  /^Without a `BUNDLE\/bin` this folder was copied without its program: [^\n]*\n/gm,
]

/** A text of the bundle as it must read in a folder of its own. That nothing is left which would be wrong there is for the
 * tests to say.
 * @param borrowed gets the references of other skills that it names: they come along. */
export function standingAlone(text: string, borrowed = new Set<string>()): string {
  return OF_THE_BUNDLE.reduce((rest, line) => rest.replaceAll(line, ''), text)
    .replaceAll(/\n{3,}/g, '\n\n')
    .replaceAll(
      "`BUNDLE` is the folder that holds this bundle's `package.json`",
      '`SKILL` is the folder of this SKILL.md',
    )
    .replaceAll('BUNDLE/bin/agent-sessions.cjs', `node SKILL/${PROGRAM}`)
    .replaceAll('BUNDLE/bin/reconcile.cjs', `node SKILL/${PROGRAM} reconcile`)
    .replaceAll(/\.\.\/([a-z-]+)\/(references\/[\w.-]+)/g, (_all, skill: string, reference: string) => {
      borrowed.add(`${skill}/${reference}`)
      return reference
    })
}

/** The licences of the packages inside: where the file stands alone, they are nowhere else. */
function licencesOf(inputs: readonly string[]): string {
  const folders = new Set(inputs.flatMap(path => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []))
  return [...folders]
    .sort()
    .map(folder => {
      const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
      const file = readdirSync(join(root, folder)).find(entry => /^licen[cs]e/i.test(entry))
      const text = file === undefined ? `Licence: ${license}` : readFileSync(join(root, folder, file), 'utf8').trim()
      return `== ${name} ${version}\n\n${text}\n`
    })
    .join('\n')
}
