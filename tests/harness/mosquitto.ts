/** Mosquitto for one test. */
import { onTestFinished } from 'vitest'
import { type MosquittoOptions, mosquittoProcess } from './mosquitto-process.ts'

export { answers, freePort, type Mosquitto } from './mosquitto-process.ts'

/** Starts one that ends with the test; gives it when it answers. */
export async function startMosquitto(options: MosquittoOptions = {}) {
  const broker = await mosquittoProcess(options)
  onTestFinished(broker.remove)
  return broker
}
