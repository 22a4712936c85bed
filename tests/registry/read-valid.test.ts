import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { registrySchema } from '#lib/registry/schema.ts'
import { IDENTITY_KINDS, isSurelyRegistry, type Kind, ROW_KINDS } from '#lib/registry/valid.ts'

interface Def {
  type: string
  innerType?: { def: Def }
  element?: { def: Def }
  options?: { def: Def }[]
  shape?: Record<string, { def: Def }>
}

/** The kind that a schema stands for, as the table names it. */
function kindOf(def: Def): Kind | undefined {
  switch (def.type) {
    case 'optional':
    case 'nullable':
      return def.innerType && kindOf(def.innerType.def)
    case 'string':
      return 'text'
    case 'number':
      return 'number'
    case 'boolean':
      return 'flag'
    case 'union':
      return def.options?.map(option => option.def.type).join() === 'string,number' ? 'word' : undefined
    case 'array':
      return def.element?.def.type === 'string' ? 'texts' : 'list'
    case 'object':
      return Object.fromEntries(Object.entries(def.shape ?? {}).map(([key, { def }]) => [key, kindOf(def) as Kind]))
  }
  return undefined
}

function inner(def: Def): Def {
  const next = def.innerType ?? (def.type === 'array' ? def.element : undefined)
  return next === undefined ? def : inner(next.def)
}

const shape = (registrySchema.def as unknown as Def).shape ?? {}
const rowShape = inner(shape['tmux_sessions']?.def as Def).shape ?? {}

describe('what is taken for valid without the schema', () => {
  it('knows the kind of every key that the schema knows', () => {
    const { name, status, op, ...rest } = rowShape
    expect([name, status, op]).not.toContain(undefined)
    expect(ROW_KINDS).toEqual(kindOf({ type: 'object', shape: rest }))
    expect(IDENTITY_KINDS).toEqual(kindOf(inner(shape['agent_identities']?.def as Def)))
    expect(Object.keys(shape)).toEqual(['tmux_sessions', 'agent_identities'])
  })

  const value = fc.oneof(
    fc.constantFrom<unknown>(
      null,
      '',
      'x',
      'running',
      'create',
      0,
      1.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      true,
      [],
      ['x'],
      [1],
      {},
      new Date(0),
      undefined,
    ),
    fc.dictionary(
      fc.constantFrom('pid', 'index', 'cmd', 'version', 'session_id', 'kind', 'pid_start', 'at'),
      fc.constantFrom<unknown>(null, 'x', 'stop', 1, true, []),
    ),
  )
  const row = fc.oneof(
    {
      weight: 20,
      arbitrary: fc
        .tuple(
          fc.constantFrom('a', 'b', 'c'),
          fc.constantFrom('running', 'stopped'),
          fc.dictionary(fc.constantFrom(...Object.keys(rowShape), 'own'), value, { maxKeys: 2 }),
        )
        .map(([name, status, rest]) => ({ name, status, ...rest })),
    },
    { weight: 1, arbitrary: value },
  )
  const registry = fc.record(
    {
      tmux_sessions: fc.oneof(
        { weight: 20, arbitrary: fc.array(row, { maxLength: 3 }) },
        { weight: 1, arbitrary: value },
      ),
      agent_identities: fc.oneof(fc.constant({}), fc.dictionary(fc.constantFrom('claude', 'agy', 'own'), value), value),
    },
    { requiredKeys: [] },
  )

  it('is valid by the schema, and holds no row twice', () => {
    let sure = 0
    fc.assert(
      fc.property(registry, value => {
        if (!isSurelyRegistry(value)) return
        sure++
        expect(registrySchema.safeParse(value).success).toBe(true)
        const names = (value.tmux_sessions ?? []).map(row => `${row.tmux_server ?? 'default'} ${row.name}`)
        expect(new Set(names).size).toBe(names.length)
      }),
      { numRuns: 3000, seed: 7 },
    )
    expect(sure).toBeGreaterThan(300)
  })
})
