/** aedes keeps the sessions of clients that went away in memory, for ever and without a bound: here is the bound. */
import type { Aedes } from 'aedes'

/** What of its store we touch (aedes-persistence 11, abstract.js). */
interface Store {
  addSubscriptions(client: { id: string }, subscriptions: unknown[]): Promise<void>
  cleanSubscriptions(client: { id: string }): Promise<void>
  outgoingEnqueueCombi(subscriptions: { clientId: string }[], packet: unknown): Promise<void>
  outgoingClearMessageId(client: { id: string }, packet: unknown): Promise<unknown>
  outgoingStream(client: { id: string }): AsyncIterable<unknown>
}

interface Inside {
  persistence: Store
  clients: Record<string, { close(done?: () => void): void } | undefined>
}

const SESSIONS = 20
const MESSAGES = 1000

/** Ends sessions that take too much: one with 1000 messages that nobody acknowledged, and beyond 20 of them the one of
 * the client that was away longest. To be called on a broker that was just made. */
export function boundSessions(broker: Aedes): void {
  const { persistence, clients } = broker as unknown as Inside
  const store = Object.assign(Object.create(null), {
    add: persistence.addSubscriptions.bind(persistence),
    enqueue: persistence.outgoingEnqueueCombi.bind(persistence),
    clear: persistence.outgoingClearMessageId.bind(persistence),
  }) as {
    add: Store['addSubscriptions']
    enqueue: Store['outgoingEnqueueCombi']
    clear: Store['outgoingClearMessageId']
  }
  /** Messages that wait, by client; whoever came last stands last. */
  const waiting = new Map<string, number>()

  const endSession = async (id: string): Promise<void> => {
    waiting.delete(id)
    await persistence.cleanSubscriptions({ id })
    for await (const packet of persistence.outgoingStream({ id })) await store.clear({ id }, packet)
    clients[id]?.close()
  }
  persistence.addSubscriptions = async (client, subscriptions) => {
    const count = waiting.get(client.id) ?? 0
    waiting.delete(client.id)
    waiting.set(client.id, count)
    await store.add(client, subscriptions)
    const away = [...waiting.keys()].find(id => clients[id] === undefined)
    if (waiting.size > SESSIONS && away !== undefined) await endSession(away)
  }
  persistence.outgoingEnqueueCombi = async (subscriptions, packet) => {
    await store.enqueue(subscriptions, packet)
    for (const { clientId } of subscriptions) {
      const count = (waiting.get(clientId) ?? 0) + 1
      waiting.set(clientId, count)
      if (count > MESSAGES) await endSession(clientId)
    }
  }
  persistence.outgoingClearMessageId = async (client, packet) => {
    const removed = await store.clear(client, packet)
    const count = waiting.get(client.id)
    if (removed !== undefined && count !== undefined && count > 0) waiting.set(client.id, count - 1)
    return removed
  }
}
