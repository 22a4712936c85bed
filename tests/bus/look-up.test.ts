import type { LookupAddress } from 'node:dns'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { lookUpApart } from '#lib/bus/look-up.ts'
import { until } from '../harness/until.ts'

/** What a socket would be told: an error's code or text, or an address. */
function lookUp(host: string, signal = new AbortController().signal): Promise<string> {
  return new Promise(resolve => {
    lookUpApart(signal)(host, { all: true }, (error, address) =>
      resolve(error ? (error.code ?? error.message) : ((address as LookupAddress[])[0]?.address ?? 'none')),
    )
  })
}

describe('a name', () => {
  it('is looked up by the rules of the system', async () => {
    expect(await lookUp('localhost')).toMatch(/^(127\.0\.0\.1|::1)$/)
  })

  it('that nobody has gives an error with its code', async () => {
    expect(await lookUp('no-such-host.invalid')).toMatch(/^(ENOTFOUND|EAI_AGAIN)$/)
  })

  it('that is code, or an option, is only a name', async () => {
    expect(await lookUp('--version')).toMatch(/^(ENOTFOUND|EAI_AGAIN)$/)
    expect(await lookUp('");process.exit(7)//')).toMatch(/^(ENOTFOUND|EAI_AGAIN)$/)
  })

  it.runIf(process.platform === 'linux')('is no longer asked for once it is called off', async () => {
    const host = `called-off-${process.pid}.invalid`
    const asking = () => readdirSync('/proc').filter(pid => /^\d+$/.test(pid) && argvOf(pid).includes(host)).length
    const over = new AbortController()
    const asked = lookUp(host, over.signal)
    over.abort()
    expect(await asked).toBe('the name could not be looked up')
    await until('nobody asks', () => asking() === 0)
  })
})

function argvOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}
