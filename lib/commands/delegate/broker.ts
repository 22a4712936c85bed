import { startBroker } from '#lib/bus/broker.ts'
import { secretsFolder } from '#lib/bus/broker-file.ts'
import { EXIT, type ExitCode } from '#lib/system/errors.ts'
import { COMMON, parseFlags, usageError } from '../flags.ts'
import { print } from '../run.ts'
import { waiter } from '../waiter.ts'
import { jobPlaces } from './places.ts'

const EXAMPLE = 'delegate-job broker --port 1883'

/** Runs until a signal ends it. */
export async function broker(argv: string[]): Promise<ExitCode> {
  const flags = parseFlags(argv, { ...COMMON, port: 'string' }, EXAMPLE)
  if (flags.positionals.length > 0) throw usageError(`broker takes no word, got "${flags.positionals[0]}"`, EXAMPLE)
  const port = flags.count('port', 1)
  if (port !== undefined && port > 65_535) throw usageError(`--port takes 1 to 65535, got ${port}`, EXAMPLE)
  const { registryPath } = jobPlaces(flags)
  const wait = waiter()
  const running = await startBroker({ secretsFolder: secretsFolder(registryPath), port: port ?? 1883 })
  await print(
    `broker at ${running.url}, user ${running.username}; the password stands in ${secretsFolder(registryPath)}/broker.json\n`,
  )
  while (!wait.isOver()) await wait.for(60_000)
  await running.close()
  wait.end()
  return EXIT.done
}
