import { type Mosquitto, startMosquitto } from '../harness/mosquitto.ts'
import type { World } from '../harness/world.ts'

/** A Mosquitto of the world's own, named in its environment. `isUp`: false leaves it down; `start()` brings it up. */
export async function mosquitto(world: World, { isUp = true } = {}): Promise<Mosquitto> {
  // What a listener that is away is to get is kept, however much.
  const broker = await startMosquitto({ config: ['max_queued_messages 0'] })
  if (!isUp) await broker.kill()
  Object.assign(world.env, broker.env)
  return broker
}
