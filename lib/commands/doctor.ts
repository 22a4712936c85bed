import { realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { styleText } from 'node:util'
import { readConfig } from '#lib/agents/config.ts'
import { driverNamed } from '#lib/agents/drive/table.ts'
import { agentNames } from '#lib/agents/table.ts'
import { brokerFinding, cardFinding } from '#lib/doctor/beyond.ts'
import { type Finding, finding } from '#lib/doctor/finding.ts'
import { backupFinding, jobsFindings, monitorFinding, registryFinding } from '#lib/doctor/places.ts'
import { agentFinding, lockFinding, nodeFinding, serverFinding, tmuxFinding } from '#lib/doctor/programs.ts'
import { findRegistry, lostRegistry, placeForNew, restoring } from '#lib/registry/locate.ts'
import { EXIT, type ExitCode, isCodedError } from '#lib/system/errors.ts'
import { type Machine, thisMachine } from '#lib/system/machine.ts'
import { plural } from '#lib/system/plural.ts'
import { VERSION } from '#lib/version.ts'
import { currentFolder } from './current-folder.ts'
import { COMMON, parseFlags, usageError } from './flags.ts'
import { type Command, note, print } from './run.ts'
import { serverNamed } from './surroundings.ts'
import { table } from './table.ts'
import { visible } from './visible.ts'

const EXAMPLE = 'doctor --json'

const HELP = `doctor - is everything there that agent-sessions needs, and is what it keeps in order?

usage: doctor [--json]

  --json            one JSON value
  --registry FILE   the registry (default: $AGENT_SESSIONS_YAML, else .hermes/agent-sessions.yaml from here upward)
  --server NAME     a tmux server (-L name) to ask beside \`default\`
  --help, --version

It looks at node, tmux and its servers, the lock, each agent's program, the registry, its backup, monitor and jobs, the broker
and the Kanban card of this process. It changes nothing; programs are only asked for their version. What is not well comes
with a remedy. \`none\`: it is not there, and need not be. \`unknown\`: it could not be told.

examples:
  doctor                              a table
  doctor --json | jq '.findings[] | select(.state != "good")'

exit codes: 0 nothing is bad · 1 something is bad · 2 wrong usage
`

const FLAGS = { ...COMMON, json: 'boolean' } as const

export const doctor: Command = { name: 'doctor', help: HELP, run }

async function run(argv: string[]): Promise<ExitCode> {
  const flags = parseFlags(argv, FLAGS, EXAMPLE)
  if (flags.positionals.length > 0) throw usageError('doctor takes no name', EXAMPLE)
  const machine = thisMachine()
  const servers = new Set(['default', serverNamed(flags, machine.env) ?? 'default'])
  const found = findRegistry({ flag: flags.text('registry'), env: machine.env, cwd: currentFolder() })
  const isNamed = (flags.text('registry') ?? machine.env['AGENT_SESSIONS_YAML'] ?? '') !== ''
  const slow = setTimeout(() => note('doctor: waiting for the programs that were asked …'), 1000)
  const findings = (
    await Promise.all<Finding | Finding[]>([
      finding('agent-sessions', 'good', `${VERSION}, ${process.argv[1]}`),
      nodeFinding(process.version),
      tmuxFinding(machine),
      ...[...servers].map(name => serverFinding(machine, name)),
      lockFinding(),
      ...agentNames.map(async name => {
        const driver = await driverNamed(name)
        return driver === undefined ? [] : agentFinding(driver, machine.env)
      }),
      ...(found.path === undefined
        ? withoutRegistry(found.looked, isNamed, machine)
        : workspaceFindings(found.path, machine)),
      cardFinding(machine.env),
    ])
  ).flat()
  clearTimeout(slow)
  if (flags.has('json')) await print(`${JSON.stringify({ schema: 1, version: VERSION, findings })}\n`)
  else await print(shown(findings))
  return findings.some(({ state }) => state === 'bad') ? EXIT.refused : EXIT.done
}

/** What can be told before the first `create`: it reads the config that stands where it will make the registry. */
function withoutRegistry(looked: string[], isNamed: boolean, { env }: Machine): (Finding | Promise<Finding[]>)[] {
  const place = lostRegistry(looked) ?? (isNamed ? looked[0] : undefined) ?? placeForNew(currentFolder())
  return [noRegistry(looked, isNamed), configFindings(place, env)]
}

/** @param isNamed by a flag or the environment: then another one would be the wrong one. */
function noRegistry(looked: readonly string[], isNamed: boolean): Finding {
  const [first] = looked
  const lost = lostRegistry(looked)
  if (lost !== undefined)
    return finding('registry', isNamed ? 'bad' : 'warning', `${lost} is gone, and has left its .bak`, restoring(lost))
  if (isNamed) return finding('registry', 'bad', `${first} is not there`, 'Name another one, or none')
  const remedy = 'The first `agent-sessions create` makes it'
  return finding('registry', 'none', `none here (looked for ${first} and above)`, remedy)
}

function workspaceFindings(path: string, { env, now }: Machine): Promise<Finding | Finding[]>[] {
  const real = realpathSync(path)
  return [
    registryFinding(real),
    configFindings(real, env),
    Promise.resolve(backupFinding(real)),
    Promise.resolve(monitorFinding(real)),
    Promise.resolve(jobsFindings(real, now())),
    brokerFinding(real, env),
  ]
}

/** The config, and the agents it describes. */
async function configFindings(registryPath: string, env: Record<string, string | undefined>): Promise<Finding[]> {
  const path = join(dirname(registryPath), 'agent-sessions.config.yaml')
  try {
    const config = await readConfig(path)
    const drivers = await config.drivers()
    return Promise.all(drivers.map(driver => agentFinding(driver, env)))
  } catch (error) {
    if (!isCodedError(error)) throw error
    return [finding('config', 'bad', error.message, error.hint ?? null)]
  }
}

const COLOURS = { good: 'green', none: 'dim', warning: 'yellow', bad: 'red', unknown: 'yellow' } as const

function shown(findings: readonly Finding[]): string {
  const rows = findings.flatMap(({ check, state, text, remedy }) => [
    [styleText(COLOURS[state], state), visible(check), visible(text)],
    ...(remedy === null ? [] : [['', '', `→ ${visible(remedy)}`]]),
  ])
  const count = (state: Finding['state']) => findings.filter(one => one.state === state).length
  return `${table(rows)}\n${count('bad')} bad, ${plural(count('warning'), 'warning')}, ${count('unknown')} unknown\n`
}
