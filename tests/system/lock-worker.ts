/** Run as a process of its own by the lock tests: `count` adds to a number in a file, `hold` keeps the lock until its
 * standard input ends, `life` keeps it for life. */
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { isCodedError } from '#lib/system/errors.ts'
import { holdLock, withLock } from '#lib/system/lock.ts'

const [kind, path = '', flockProgram = 'flock', counter = '', times = '0'] = process.argv.slice(2)
const waitMs = Number(process.env['WAIT_MS'] ?? 20_000)
const say = (text: string) => process.stdout.write(`${text}\n`)
const stdinEnd = () =>
  new Promise<void>(resolve => {
    process.stdin.resume().on('end', resolve)
  })

async function count(): Promise<void> {
  for (let i = 0; i < Number(times); i++)
    await withLock(path, { waitMs, flockProgram }, async () => {
      const value = Number(readFileSync(counter, 'utf8'))
      await pause(1)
      writeFileSync(counter, String(value + 1))
    })
}

async function hold(): Promise<void> {
  await withLock(path, { waitMs, flockProgram }, async held => {
    say('held')
    await stdinEnd()
    say(`still ${held.stillHeld()}`)
  })
  say('released')
}

async function life(): Promise<void> {
  const lock = await holdLock(path, { flockProgram })
  say('release' in lock ? 'held' : `held by ${lock.heldBy}`)
  if ('release' in lock) await stdinEnd()
}

const kinds: Record<string, () => Promise<void>> = { count, hold, life }
kinds[kind ?? '']?.().catch((error: unknown) => {
  say(isCodedError(error) ? `${error.code}: ${error.message}` : String(error))
  process.exitCode = isCodedError(error) ? error.exit : 70
})
