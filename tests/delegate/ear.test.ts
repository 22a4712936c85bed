/** A monitor's ear: what the broker is told has arrived stands in the job's file. */
import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { type EarListener, listenToBus } from '#lib/delegate/ear.ts'
import { lingeringDoor } from '#lib/delegate/jobs-door.ts'
import { thisMachine } from '#lib/system/machine.ts'
import { ack, beBroker, fakeServer, listen, PUBLISH, publication } from '../bus/fake-broker.ts'
import { jobFile, jobsFolder, writeJob } from '../harness/jobs.ts'
import { writeRegistry } from '../harness/rows.ts'
import { until } from '../harness/until.ts'
import { makeWorld } from '../harness/world.ts'
import { signedEvent } from '../subscribe/bus.ts'

const PUBACK = 4

/** An ear on a broker of ours, and a job that the broker can bring the end of. `onLeaving`: when it says goodbye. */
async function ear(onLeaving: () => void = () => undefined) {
  const world = makeWorld()
  writeRegistry(world, [])
  const job = writeJob(world, 'lab-creator-claude')
  const { topic, payload } = signedEvent(job, 'completed')
  const acknowledged: number[] = []
  const broker = await fakeServer(socket =>
    listen(socket, frame => {
      beBroker(socket, frame)
      if (frame.type === PUBACK) acknowledged.push(frame.body.readUInt16BE())
      if (frame.type !== PUBLISH) return
      if (frame.body.includes('"left"')) onLeaving()
      // After what came before it: the order in which a broker works.
      setTimeout(() => ack(socket, frame), 200)
    }),
  )
  const bring = () => {
    for (const socket of broker.sockets) socket.write(publication(5, topic, payload, 7))
  }
  const troubles: string[] = []
  const listener: EarListener = {
    onState: () => undefined,
    onIngested: () => undefined,
    onTrouble: error => troubles.push(String(error)),
  }
  const machine = { ...thisMachine(), env: { ...world.env, AGENT_JOBS_MQTT_URL: broker.settings.url } }
  const folder = jobsFolder(world)
  const bench = { registryPath: job.registry } as Parameters<typeof listenToBus>[1]
  const made = await listenToBus(machine, bench, folder, lingeringDoor(folder), listener)
  onTestFinished(() => made.end())
  await until('a connection', () => made.isConnected())
  return { ear: made, folder, acknowledged, bring, troubles, state: () => jobFile(world, job.id).state }
}

test('an end that comes while it says goodbye is not acknowledged unless it is on file', async () => {
  let bring = () => {}
  const made = await ear(() => bring())
  bring = made.bring
  await made.ear.end()
  // It may well be on file and not acknowledged: then it comes again, and is known.
  const isOnFile = made.state() === 'completed'
  expect(made.acknowledged.includes(7) && !isOnFile).toBe(false)
})

test('an end that comes while the folder cannot be used waits until it can', async () => {
  const made = await ear()
  renameSync(made.folder, `${made.folder}.away`)
  mkdirSync(`${made.folder}.other`)
  symlinkSync(`${made.folder}.other`, made.folder)
  made.bring()
  await until('trouble', () => made.troubles.length > 0 || made.acknowledged.length > 0)
  expect(made.acknowledged).toEqual([])
  rmSync(made.folder)
  renameSync(`${made.folder}.away`, made.folder)
  await until('the end on file', () => made.state() === 'completed')
  await until('the acknowledgement', () => made.acknowledged.includes(7))
})
