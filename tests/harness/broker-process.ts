/** Run as a process of its own by harness/broker.ts: an embedded broker until standard input ends. */
import { startBroker } from '#lib/bus/broker.ts'

async function main(): Promise<void> {
  const broker = await startBroker(JSON.parse(process.argv[2] ?? ''))
  process.stdin.resume().on('end', () => void broker.close())
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
})
