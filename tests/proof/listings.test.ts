import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { runPass } from '#lib/reconcile/pass.ts'
import type { Machine } from '#lib/system/machine.ts'
import { type PassUnderProof, proveListings } from '../../tools/proof/listings.ts'
import { tried } from './tried.ts'

const proved = (pass?: PassUnderProof, count = 1000, seed = 7) =>
  tried(wish => proveListings(wish, pass), { seed, count })

/** The real pass on a machine that was changed. */
const onMachine =
  (change: (machine: Machine) => Machine): PassUnderProof =>
  (machine, ...rest) =>
    runPass(change(machine), ...rest)

test('a thousand faults end no row of a session that lives, and the real ends are seen', {
  timeout: 120_000,
}, async () => {
  const { wrongs, result } = await proved()
  expect(wrongs).toEqual([])
  expect(result.tried['faults']).toBeGreaterThanOrEqual(1000)
  expect(result.figures).toMatchObject({ 'false deaths': 0, 'missed deaths': 0 })
  expect(result.figures['rows ended']).toBeGreaterThan(0)
})

test.each<[string, PassUnderProof, RegExp]>([
  [
    'takes a process that it cannot see for gone',
    onMachine(machine => ({
      ...machine,
      processes: () => {
        const processes = machine.processes()
        const look = (pid: number) => {
          const seen = processes.look(pid)
          return seen.state === 'unknown' ? ({ state: 'absent' } as const) : seen
        }
        return { ...processes, look }
      },
    })),
    /a session that lives was called ended/,
  ],
  [
    'takes a server that does not answer for an empty one',
    onMachine(machine => ({
      ...machine,
      tmux: async (server, args) => {
        const answer = await machine.tmux(server, args)
        const stderr = 'no current target'
        return answer.kind === 'exit' ? answer : { kind: 'exit', code: 1, stdout: Buffer.alloc(0), stderr }
      },
    })),
    /a session that lives was called ended|written where every answer was unknown/,
  ],
  [
    'looks only once',
    onMachine(machine => ({ ...machine, sleep: () => Promise.resolve() })),
    /a session that lives was called ended/,
  ],
  [
    'does nothing',
    (machine, options, read) => runPass(machine, { ...options, dryRun: true }, read),
    /a session that ended is still said to run/,
  ],
  [
    'leaves half a file',
    async (machine, options, read, ...rest) => {
      const done = await runPass(machine, options, read, ...rest)
      if (done.report.actions.length > 0) writeFileSync(options.registryPath, 'tmux_sessions:\n  - name: "a')
      return done
    },
    /a pass failed|cannot be parsed/,
  ],
])('a pass that %s is caught', { timeout: 120_000 }, async (_what, pass, expected) => {
  const { wrongs } = await proved(pass)
  expect(wrongs.map(({ what, evidence }) => `${what}: ${evidence}`).join('\n')).toMatch(expected)
})
