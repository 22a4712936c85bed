/** What our texts for people point at is there, in the package as well; and nothing in the pages goes untried. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { BUNDLE } from './texts.ts'

const read = (path: string) => readFileSync(join(BUNDLE, path), 'utf8')
const PAGES = readdirSync(join(BUNDLE, 'docs'))
  .filter(name => name.endsWith('.md'))
  .map(name => `docs/${name}`)

/** As GitHub makes it of a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

it.each(['README.md', 'CHANGELOG.md', ...PAGES])(
  'every link of %s leads somewhere, in the npm package as well',
  file => {
    const { files } = JSON.parse(read('package.json')) as { files: string[] }
    const links = [...read(file).matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link ?? '')
    for (const link of links.filter(target => !/^https?:/.test(target))) {
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? file : relative(BUNDLE, resolve(BUNDLE, dirname(file), path))
      expect([link, existsSync(join(BUNDLE, target))]).toEqual([link, true])
      expect([link, files.some(carried => target === carried || target.startsWith(`${carried}/`))]).toEqual([
        link,
        true,
      ])
      if (anchor === undefined) continue
      const anchors = [...read(target).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading ?? ''))
      expect(anchors).toContain(anchor)
    }
  },
)

it('the README leads to every page', () => {
  for (const page of PAGES) expect(read('README.md')).toContain(`](${page})`)
})

it.each(PAGES)('%s is short, and each of its blocks is run', page => {
  const text = read(page)
  expect(text.split('\n').length).toBeLessThanOrEqual(81)
  const fences = text.match(/^```\w+$/gm) ?? []
  const names = [...text.matchAll(/^<!-- run by tests\/readme(?:: (.+))? -->\n```\w+$/gm)].map(([, name]) => name)
  expect(names).toHaveLength(fences.length)
  const tests = ['tests/readme', 'tests/kanban'].flatMap(folder =>
    readdirSync(join(BUNDLE, folder)).map(name => read(`${folder}/${name}`)),
  )
  const isRun = (name: string | undefined) =>
    tests.some(test => test.includes(page) && (name === undefined || test.includes(`, '${name}')`)))
  expect(names.filter(name => !isRun(name))).toEqual([])
})
