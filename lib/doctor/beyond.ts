/** What is reached from here: the broker, and the Kanban card of this process. */
import { busOf } from '#lib/delegate/bus-of.ts'
import { cardCalls } from '#lib/kanban/calls.ts'
import { cardId } from '#lib/kanban/card-id.ts'
import { hermesIn } from '#lib/kanban/hermes.ts'
import { isCodedError } from '#lib/system/errors.ts'
import { type Finding, finding } from './finding.ts'
import { programVersion } from './program-version.ts'

const BROKER_MS = 5000
const CARD_MS = 10_000

/** Is there a broker, and does it let us in? */
export async function brokerFinding(registryPath: string, env: Record<string, string | undefined>): Promise<Finding> {
  if (env['AGENT_JOBS_MQTT_URL'] === 'off') return finding('broker', 'none', 'switched off by $AGENT_JOBS_MQTT_URL')
  try {
    const settings = await busOf(registryPath, env)
    if (settings === undefined)
      return finding(
        'broker',
        'none',
        'none runs: `reconcile --subscribe` brings its own, $AGENT_JOBS_MQTT_URL names one',
      )
    const { tryBroker } = await import('#lib/bus/publish-once.ts')
    const why = await tryBroker(settings, BROKER_MS)
    const text = `${settings.url} (${settings.source})`
    if (why === undefined) return finding('broker', 'good', `${text} lets us in`)
    return finding(
      'broker',
      'bad',
      `${text}: ${why}`,
      'Jobs go on through their files; see that it runs, and the settings',
    )
  } catch (error) {
    if (!isCodedError(error)) throw error
    return finding('broker', 'bad', error.message, error.hint ?? null)
  }
}

/** The card this process works on, if any. */
export async function cardFinding(env: Record<string, string | undefined>): Promise<Finding> {
  if (!env['HERMES_KANBAN_TASK']) {
    const version = await programVersion('hermes', env)
    if (version.kind === 'version') return finding('card', 'none', `none here; hermes is there: ${version.text}`)
    return finding('card', 'none', 'none here, and no hermes: only monitors on Kanban cards need it')
  }
  try {
    const id = cardId('env', env)
    const answer = await cardCalls(id, hermesIn(env), [], AbortSignal.timeout(CARD_MS)).show()
    if ('card' in answer) return finding('card', 'good', `${id}: ${answer.card.task.status}`)
    return finding('card', 'bad', `${id}: ${answer.why}`, `See what \`hermes kanban show ${id} --json\` says`)
  } catch (error) {
    if (!isCodedError(error)) throw error
    return finding('card', 'bad', error.message, error.hint ?? null)
  }
}
