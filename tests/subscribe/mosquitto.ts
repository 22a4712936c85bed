import { type Mosquitto, startMosquitto } from '../harness/mosquitto.ts'
import type { World } from '../harness/world.ts'

/** A Mosquitto of the world's own, named in its environment. `isUp`: false leaves it down; `start()` brings it up.
 * `isQuick`: writes nothing to its disk while it runs, so that it is not the slow one. */
export async function mosquitto(world: World, { isUp = true, isQuick = false } = {}): Promise<Mosquitto> {
  // What a listener that is away is to get is kept, however much.
  const config = ['max_queued_messages 0', ...(isQuick ? ['autosave_on_changes false', 'log_type error'] : [])]
  const broker = await startMosquitto({ config })
  if (!isUp) await broker.kill()
  Object.assign(world.env, broker.env)
  return broker
}
