/** The texts of the six skills, in the bundle and as they travel alone. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BUNDLE } from '../readme/texts.ts'
import { frontmatterOf } from './frontmatter.ts'

const SKILLS = ['create', 'delegate-job', 'monitor', 'resume', 'status', 'stop']
const PLACES = ['skills', 'dist/skills'].flatMap(place => SKILLS.map(skill => [place, skill] as const))
const textOf = (place: string, skill: string) => readFileSync(join(BUNDLE, place, skill, 'SKILL.md'), 'utf8')

/** What Hermes shows of a description. */
const SHOWN = 57

it.each(['skills', 'dist/skills'])('%s holds the six skills', place => {
  expect(readdirSync(join(BUNDLE, place)).sort()).toEqual(SKILLS)
})

describe.each(PLACES)('%s/%s/SKILL.md', (place, skill) => {
  const text = textOf(place, skill)
  const { wrong, description, body, metadata } = frontmatterOf(text, skill)
  const { hermes } = metadata as { hermes: { tags: string[]; related_skills: string[] } }

  it('is what the reference validator takes', () => expect(wrong).toEqual([]))

  it('says what it does before Hermes cuts, and then when to use it', () => {
    expect(description).toMatch(/^[A-Z][a-z]+ [^.]*\. Use when /)
    expect(description.indexOf('.') + 1).toBeLessThanOrEqual(SHOWN)
  })

  it('is short, and says when, how, what comes of it, and what never to do', () => {
    expect(text.split('\n').length).toBeLessThan(200)
    for (const heading of [
      'When to use',
      'Commands',
      'What each exit code means',
      'Gotchas',
      'Hard rules',
      'Related skills',
    ])
      expect(body).toContain(`\n## ${heading}\n`)
    expect(body).toMatch(/^Not /m)
    const rules = body.split('\n## Hard rules\n')[1]?.split('\n## ')[0] ?? ''
    expect(rules).toMatch(/never touch a conversation's files/i)
    expect(rules).toMatch(/never commit or push/i)
    const named = [...body.matchAll(/`(create|delegate-job|monitor|resume|status|stop)`/g)].map(([, name]) => name)
    expect(named).toEqual(expect.arrayContaining(hermes.related_skills))
  })

  it('keeps what only one host reads under its metadata, and names skills that are there', () => {
    expect(hermes.tags).toContain('agents')
    expect(hermes.related_skills.length).toBeGreaterThan(0)
    expect(SKILLS).toEqual(expect.arrayContaining(hermes.related_skills))
    expect(hermes.related_skills).not.toContain(skill)
  })

  it('names only references that are there', () => {
    const named = [...body.matchAll(/`((?:\.\.\/[a-z-]+\/)?references\/[\w.-]+)`/g)].map(([, path]) => path ?? '')
    expect(named.filter(path => !existsSync(join(BUNDLE, place, skill, path)))).toEqual([])
  })
})

describe.each(SKILLS)('dist/skills/%s', skill => {
  const folder = join(BUNDLE, 'dist/skills', skill)
  const texts = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(path => path.endsWith('.md'))

  it('names nothing that is not in it', () => {
    for (const path of texts) {
      const line = /^.*(?:BUNDLE|\.\.\/|node_modules|reconcile\.cjs).*$/m.exec(readFileSync(join(folder, path), 'utf8'))
      expect([path, line?.[0]]).toEqual([path, undefined])
    }
    expect(textOf('dist/skills', skill)).toContain('`SKILL` is the folder of this SKILL.md')
    // Only the one in the bundle can have lost its program.
    const LOST = 'copied without its program'
    expect([textOf('skills', skill), textOf('dist/skills', skill)].map(text => text.includes(LOST))).toEqual([
      true,
      false,
    ])
  })

  it('says the same as the bundle, command for command', () => {
    const commands = (text: string) =>
      [...text.matchAll(/^(?:BUNDLE\/bin\/|node SKILL\/scripts\/)(agent-sessions|reconcile)\.cjs ([^#\n]*)/gm)].map(
        ([, program, rest]) => `${program === 'reconcile' ? 'reconcile ' : ''}${rest?.trim()}`,
      )
    const here = commands(textOf('skills', skill))
    expect(here.length).toBeGreaterThan(2)
    expect(commands(textOf('dist/skills', skill))).toEqual(here)
  })
})

describe('the check itself', () => {
  const front = (lines: string) => frontmatterOf(`---\n${lines}\n---\n\n# x\n`, 'x').wrong
  const WELL = 'name: x\ndescription: Does x. Use when x.'

  it('takes what is well', () => expect(front(WELL)).toEqual([]))

  it.each([
    ['an unknown field', `${WELL}\nversion: 1`, 'unknown field version'],
    ['flow style', `${WELL}\nmetadata:\n  tags: [a, b]`, 'flow style'],
    ['a colon in plain text', 'name: x\ndescription: Does x: y', 'Nested mappings'],
    ['another folder', WELL.replace('x', 'y'), 'in the folder'],
    ['two dashes side by side in a name', WELL.replace('x', 'x--y'), 'name "x--y"'],
    ['three dashes in the description', 'name: x\ndescription: Does x --- and y', 'three dashes'],
    ['angle brackets', 'name: x\ndescription: Does <x>', '< or >'],
    ['a long description', `name: x\ndescription: ${'x'.repeat(1025)}`, 'of 1025 characters'],
    ['no description', 'name: x', 'of 0 characters'],
    ['a field twice', `${WELL}\nname: x`, 'unique'],
    ['an alias', 'name: &a x\ndescription: *a', 'an anchor or alias'],
    ['a list for its metadata', `${WELL}\nmetadata:\n  - a`, 'metadata is no map'],
  ])('refuses %s', (_what, lines, why) => expect(front(lines).join('\n')).toContain(why))
})
