/** Stand-ins that go with the test. */
import { onTestFinished } from 'vitest'
import type { DeliveryTarget } from '#lib/sessions/deliver.ts'
import type { Control } from '../agents/control.ts'
import { end, lives } from '../harness/processes.ts'
import { until } from '../harness/until.ts'
import { makeWorld } from '../harness/world.ts'
import { type StandIn, startStandIn } from './stand-in.ts'

/** Starts one and waits until its input line is there; `isUp: false`: only until it runs. */
export function standIn(
  name: string,
  control: Control = {},
  { world = makeWorld(), isUp = true } = {},
): Promise<StandIn> {
  return startStandIn(world, name, control, { isUp, onTarget: endFirst })
}

/** A stand-in that is told to leave writes its last files, and the world's folder would not be empty. */
export function endFirst({ look }: DeliveryTarget): void {
  onTestFinished(async () => {
    for (const { process } of look.agent.chain) end(process.pid)
    await until('its end', () => look.agent.chain.every(({ process }) => !lives(process.pid)))
  })
}
