/** Readers with a fault each, that the detectors must catch; a good one stands last. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { CodedError, EXIT } from '#lib/system/errors.ts'
import { type Answer, type AnyProperty, POLLUTED, property } from '../../../tools/proof/hostile/border.ts'

const SECRET = 'a-planted-secret'

/** Reads a file as it should, but for what `fault` does. */
function reader(what: string, fault: (text: string, folder: string) => unknown): AnyProperty {
  return property({
    border: 'planted',
    what,
    inputs: fc.stringMatching(/^[a-d]{0,8}$/),
    file: 'read.txt',
    secret: SECRET,
    prepare: (text, folder) => writeFileSync(join(folder, 'read.txt'), text),
    run: async (_, folder) =>
      (await fault(readFileSync(join(folder, 'read.txt'), 'utf8'), folder)) as Answer | undefined,
  })
}

const refused = (message: string) => new CodedError('planted', EXIT.refused, message)

export const PLANTED: Record<string, { fault: (text: string, folder: string) => unknown; said: RegExp }> = {
  'it crashes': {
    fault: text => text.length > 2 && (undefined as unknown as string).length,
    said: /^planted: it crashed: TypeError: .*tests\/hostile\/planted/s,
  },
  'it hangs in a pattern': {
    fault: text => text.length > 2 && /^(?:a?b?c?d?a?)+x$/.test(text.padEnd(60, 'abcda')),
    said: /^planted: nothing came back in \d+ ms$/,
  },
  'it never answers': { fault: () => new Promise(() => undefined), said: /^planted: nothing came back in \d+ ms$/ },
  'it ends the process': { fault: () => process.exit(7), said: /^planted: the process died \(7\)/ },
  'it pollutes': {
    fault: text => {
      if (text.includes('b')) (Object.prototype as Record<string, unknown>)['isAdmin'] = true
    },
    said: /what all objects share was changed: Object\.prototype\.isAdmin was added$/,
  },
  'it lets a value through by inheritance': {
    fault: () => ({ value: { rows: [Object.setPrototypeOf({}, { [POLLUTED]: 'yes' })] } }),
    said: /a prototype leaks: value\.rows\.0 inherits "polluted"$/,
  },
  'it writes the file': {
    fault: (_, folder) => writeFileSync(join(folder, 'read.txt'), 'mended'),
    said: /the reader wrote: "read\.txt" was changed$/,
  },
  'it leaves something': {
    fault: (_, folder) => appendFileSync(join(folder, 'read.txt.lock'), ''),
    said: /the reader wrote: "read\.txt\.lock" appeared$/,
  },
  'its error names no file': {
    fault: () => Promise.reject(refused('something is wrong')),
    said: /its error does not name read\.txt/,
  },
  'its error commands the terminal, as it is told': {
    // A line break is ours, in words; what stands in a hint is told as well.
    fault: (_, folder) => ({ said: [`${join(folder, 'read.txt')}: \u001b[2J`] }),
    said: /a terminal gets "\\u001b"/,
  },
  'its error shows the secret': {
    fault: (_, folder) => Promise.reject(refused(`${join(folder, 'read.txt')}: ${SECRET} is no number`)),
    said: /its error \(planted\): the secret stands in/,
  },
  'its error has an exit code of its own': {
    fault: (_, folder) => Promise.reject(new CodedError('planted', 9 as never, join(folder, 'read.txt'))),
    said: /its error leaves with 9$/,
  },
}

export const GOOD = 'it reads, and refuses with a clear error'

export const BORDERS: readonly AnyProperty[] = [
  ...Object.entries(PLANTED).map(([what, { fault }]) => reader(what, fault)),
  reader(GOOD, (text, folder) => {
    if (text.includes('c')) throw refused(`${join(folder, 'read.txt')}: expected no c`)
    return { value: JSON.parse('{"__proto__":{"polluted":"yes"}}'), said: [text] }
  }),
]
