/** Looking up a name without being held up by it. Node asks in a thread of this process, where nothing can call it off:
 * with a name server that is silent even `process.exit` waits for half a minute (seen with Node 20 and 22 on Linux). */
import { execFile } from 'node:child_process'
import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'

/** By the system's own rules, `/etc/hosts` and search domains included. */
const PROGRAM = `const [host, options] = process.argv.slice(1)
require('node:dns').lookup(host, JSON.parse(options), (error, address, family) =>
  process.stdout.write(JSON.stringify({ code: error?.code, address, family })))`

/** Gives a `lookup` for sockets that asks in a process of its own, which is killed on `signal`. */
export function lookUpApart(signal: AbortSignal): LookupFunction {
  return (host, options, done) => {
    const args = ['-e', PROGRAM, '--', host, JSON.stringify(options)]
    // Our own NODE_OPTIONS could have it print, or wait for a debugger.
    const env = { ...process.env, NODE_OPTIONS: '' }
    execFile(process.execPath, args, { env, signal, killSignal: 'SIGKILL' }, (error, stdout) => {
      const answer = error ? undefined : answerOf(stdout)
      if (answer === undefined) done(new Error('the name could not be looked up'), '')
      else if (answer.code === undefined) done(null, answer.address, answer.family)
      else done(Object.assign(new Error(answer.code), { code: answer.code }), '')
    })
  }
}

interface Answer {
  code?: string
  address: string | LookupAddress[]
  family?: number
}

/** Undefined for what is no answer: here nothing may throw, it would end the process. */
function answerOf(text: string): Answer | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
