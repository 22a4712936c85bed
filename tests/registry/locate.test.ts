import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { findRegistry, lostRegistry, nearestRegistry, placeForNew, requireRegistry } from '#lib/registry/locate.ts'
import { ownFolder } from '../system/workers.ts'

const folder = ownFolder()
const INSIDE = '.hermes/agent-sessions.yaml'
let top = ''
let deep = ''
let near = ''
let far = ''

function put(path: string): string {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, '')
  return path
}

beforeAll(() => {
  top = realpathSync(folder.path)
  far = put(join(top, INSIDE))
  near = put(join(top, 'a', INSIDE))
  deep = join(top, 'a/b/c')
  mkdirSync(deep, { recursive: true })
})

describe('the registry meant', () => {
  test('is the nearest above', () => {
    expect(findRegistry({ env: {}, cwd: deep })).toEqual({
      path: near,
      looked: [join(deep, INSIDE), join(top, 'a/b', INSIDE), near],
    })
  })

  test('is that of the environment before that, and that of the flag before all', () => {
    const env = { AGENT_SESSIONS_YAML: far }
    expect(findRegistry({ env, cwd: deep }).path).toBe(far)
    expect(findRegistry({ flag: '../../.hermes/agent-sessions.yaml', env, cwd: deep }).path).toBe(near)
    expect(findRegistry({ env: { AGENT_SESSIONS_YAML: '' }, cwd: deep }).path).toBe(near)
  })

  test.each(['flag', 'environment'])('named by the %s and missing is not replaced by another', by => {
    const missing = join(top, 'no.yaml')
    const where = by === 'flag' ? { flag: missing, env: {} } : { env: { AGENT_SESSIONS_YAML: missing } }
    expect(findRegistry({ ...where, cwd: deep })).toEqual({ looked: [missing] })
  })

  test('is no folder, no broken link and nothing below a plain file', () => {
    const at = join(top, 'a/odd')
    mkdirSync(join(at, INSIDE), { recursive: true })
    mkdirSync(join(at, 'x/.hermes'), { recursive: true })
    symlinkSync('nowhere', join(at, 'x', INSIDE))
    put(join(at, 'x/y/.hermes'))
    expect(findRegistry({ env: {}, cwd: join(at, 'x/y') }).path).toBe(near)
  })

  test('missing says where was looked and how to make one, ready for a shell', () => {
    const cwd = join('/', 'nowhere', "it's here")
    const look = () => requireRegistry({ env: {}, cwd })
    expect(look).toThrow(`looked for ${join(cwd, INSIDE)} and in every folder above (3 in all)`)
    expect(look).toThrow(
      expect.objectContaining({
        code: 'no-registry',
        exit: 1,
        hint: expect.stringContaining(`mkdir -p '/nowhere/it'\\''s here/.hermes' && echo 'tmux_sessions: []' > `),
      }),
    )
  })
})

describe('a registry that is gone and has left its .bak', () => {
  const hintOf = (cwd: string): string | undefined => {
    try {
      return `found: ${requireRegistry({ env: {}, cwd })}`
    } catch (error) {
      return (error as { hint?: string }).hint
    }
  }

  test('is brought back before a new one is made in its place, by a line that a shell reads', () => {
    const cwd = mkdtempSync(join(tmpdir(), "it's gone "))
    onTestFinished(() => rmSync(cwd, { recursive: true }))
    const lost = join(cwd, INSIDE)
    put(`${lost}.bak`)
    expect(lostRegistry([lost])).toBe(lost)
    expect(hintOf(cwd)).toContain(`agent-sessions restore --registry '${lost.replaceAll("'", "'\\''")}'\``)
    expect(hintOf(cwd)).not.toContain('mkdir')
  })

  test('above is told, and a new one may be made here all the same', () => {
    const cwd = mkdtempSync(join(tmpdir(), 'gone-'))
    onTestFinished(() => rmSync(cwd, { recursive: true }))
    put(join(cwd, `${INSIDE}.bak`))
    mkdirSync(join(cwd, 'b/.git'), { recursive: true })
    expect(hintOf(join(cwd, 'b'))).toContain(`restore --registry ${join(cwd, INSIDE)}\``)
    expect(hintOf(join(cwd, 'b'))).toContain(`mkdir -p ${join(cwd, 'b/.hermes')}`)
  })

  test('is none while it is there', () => {
    put(`${near}.bak`)
    expect(lostRegistry([near])).toBeUndefined()
    rmSync(`${near}.bak`)
  })
})

describe('the registry nearest to a folder', () => {
  test.each([
    { what: 'itself', from: () => top, is: () => far },
    { what: 'above', from: () => deep, is: () => near },
    { what: 'above a folder that is gone', from: () => join(deep, 'gone/too'), is: () => near },
    { what: 'none for a folder told relatively', from: () => 'a/b', is: () => undefined },
    { what: 'none for no folder', from: () => '', is: () => undefined },
  ])('$what', ({ from, is }) => {
    expect(nearestRegistry(from())).toBe(is())
  })

  test('is told by its real path', () => {
    const at = join(top, 'linked')
    mkdirSync(join(at, '.hermes'), { recursive: true })
    symlinkSync(near, join(at, INSIDE))
    expect(nearestRegistry(at)).toBe(near)
  })
})

test('a new one belongs at the root of the git work tree, or here', () => {
  const repository = join(top, 'repo')
  mkdirSync(join(repository, '.git'), { recursive: true })
  const tree = join(repository, 'sub/tree')
  put(join(tree, '.git'))
  mkdirSync(join(tree, 'x'))
  expect(placeForNew(join(repository, 'sub'))).toBe(join(repository, INSIDE))
  expect(placeForNew(join(tree, 'x'))).toBe(join(tree, INSIDE))
  expect(placeForNew('/nowhere')).toBe(join('/nowhere', INSIDE))
})
