/** What the proof says at its end: for people as a page, for programs as JSON. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { plural } from '#lib/system/plural.ts'
import { VERSION } from '#lib/version.ts'
import type { Ran } from './run-parts.ts'

export interface Facts {
  command: string
  seeds: number[]
  began: Date
  /** Seconds. */
  took: number
}

/** Writes `proof-report.md` and `proof-report.json` into a folder; evidence stands in files of its own beside them. */
export function writeReport(folder: string, facts: Facts, rans: readonly Ran[]): void {
  mkdirSync(folder, { recursive: true })
  const wrong = rans.flatMap(ran =>
    ran.wrong.map(({ what, evidence }) => ({ part: ran.name, seed: ran.seed, what, evidence })),
  )
  const named = wrong.map(({ evidence, ...rest }, n) => {
    const file = `wrong-${n + 1}.txt`
    writeFileSync(join(folder, file), `${rest.part}, seed ${rest.seed}: ${rest.what}\n\n${evidence}\n`)
    return { ...rest, evidence: file }
  })
  const machine = machineFacts()
  const parts = rans.map(({ wrong: { length }, ...ran }) => ({
    ...ran,
    took: Number(ran.took.toFixed(1)),
    wrong: length,
  }))
  const all = { schema: 1, version: VERSION, ...facts, took: Math.round(facts.took), machine, parts, wrong: named }
  writeFileSync(join(folder, 'proof-report.json'), `${JSON.stringify(all, null, 2)}\n`)
  writeFileSync(join(folder, 'proof-report.md'), pageOf(facts, machine, rans, named))
}

function machineFacts() {
  // Some tell their version in their help, and leave with 1. Debian puts brokers where only root's PATH looks.
  const PATH = `${process.env['PATH']}:/usr/sbin:/usr/local/sbin`
  const version = (program: string, ...words: string[]) => {
    const { stdout } = spawnSync(program, words, { encoding: 'utf8', env: { ...process.env, PATH } })
    return /\d[\w.]*/.exec(stdout ?? '')?.[0] ?? '(not here)'
  }
  return {
    node: process.version,
    tmux: version('tmux', '-V'),
    mosquitto: version('mosquitto', '-h'),
    system: `${process.platform} ${release()}`,
    processor: `${availableParallelism()} × ${cpus()[0]?.model ?? '(unknown)'}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
  }
}

type Named = { part: string; seed: number; what: string; evidence: string }

function pageOf(facts: Facts, machine: Record<string, string>, rans: readonly Ran[], wrong: readonly Named[]): string {
  const names = [...new Set(rans.map(({ name }) => name))]
  const verdict =
    wrong.length === 0
      ? 'Nothing was lost, and nothing was wrong.'
      : `**Lost or wrong: ${plural(wrong.length, 'finding')}.**`
  const lines = [
    '# Proof report',
    '',
    `${verdict} agent-sessions ${VERSION}, \`${facts.command}\`, ${facts.began.toISOString().slice(0, 19)}Z,`,
    `${Math.round(facts.took)} s, ${facts.seeds.length === 1 ? 'seed' : 'seeds'} ${facts.seeds.join(', ')}.`,
    '',
    `On ${Object.entries(machine)
      .map(([name, value]) => `${name} ${value}`)
      .join(' · ')}.`,
  ]
  for (const name of names) {
    const own = rans.filter(ran => ran.name === name)
    const bad = wrong.filter(({ part }) => part === name)
    lines.push(
      '',
      `## ${name}`,
      '',
      `${own[0]?.claim}: ${bad.length === 0 ? 'holds' : `**${bad.length} times not so**`}.`,
    )
    lines.push('', '| tried | how often |', '|---|---|')
    for (const [what, count] of Object.entries(summed(own))) lines.push(`| ${what} | ${count.toLocaleString('en')} |`)
    for (const { seed, figures } of own)
      for (const [what, value] of Object.entries(figures)) lines.push(`| ${what} (seed ${seed}) | ${value} |`)
    for (const { seed, what, evidence } of bad) lines.push('', `- seed ${seed}: ${what} ([evidence](${evidence}))`)
    for (const why of new Set(own.flatMap(({ notTried }) => notTried))) lines.push('', `Not tried here: ${why}.`)
  }
  return `${lines.join('\n')}\n`
}

export function summed(rans: readonly Ran[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const { tried } of rans)
    for (const [what, count] of Object.entries(tried)) sums[what] = (sums[what] ?? 0) + count
  return sums
}
