/** Looking up a name without being held up by it. Node asks in a thread of this process, where nothing can call it off:
 * with a name server that is silent even `process.exit` waits for half a minute (seen with Node 20 and 22 on Linux). */
import { execFile } from 'node:child_process'
import type { LookupFunction } from 'node:net'

/** By the system's own rules, `/etc/hosts` and search domains included. */
const PROGRAM = `const [host, options] = process.argv.slice(1)
require('node:dns').lookup(host, JSON.parse(options), (error, address, family) =>
  process.stdout.write(JSON.stringify({ code: error?.code, address, family })))`

/** Gives a `lookup` for sockets that asks in a process of its own, which is killed on `signal`. */
export function lookUpApart(signal: AbortSignal): LookupFunction {
  return (host, options, done) => {
    const args = ['-e', PROGRAM, '--', host, JSON.stringify(options)]
    execFile(process.execPath, args, { signal, killSignal: 'SIGKILL' }, (error, stdout) => {
      if (error) return done(new Error('the name could not be looked up'), '')
      const { code, address, family } = JSON.parse(stdout)
      if (code === undefined) done(null, address, family)
      else done(Object.assign(new Error(code), { code }), '')
    })
  }
}
