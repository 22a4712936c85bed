import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { lookUpApart } from '#lib/bus/look-up.ts'

function lookUp(host: string): Promise<{ error: Error | null; address: unknown }> {
  const lookup = lookUpApart(new AbortController().signal)
  return new Promise(resolve => lookup(host, { family: 4 }, (error, address) => resolve({ error, address })))
}

test('what our environment makes every node program do is none of its business', async () => {
  const folder = mkdtempSync('/tmp/as-look-up-')
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'noisy.cjs'), 'console.log("hello")')
  vi.stubEnv('NODE_OPTIONS', `--require ${join(folder, 'noisy.cjs')}`)
  onTestFinished(() => void vi.unstubAllEnvs())
  expect(await lookUp('localhost')).toEqual({ error: null, address: '127.0.0.1' })
})

test('a name of nobody is an error with the code that says so', async () => {
  const { error } = await lookUp('nobody.invalid')
  expect(error).toMatchObject({ code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/) })
})
