/** What is done to a text, and then to its bytes. */
import fc from 'fast-check'
import { run, word } from './words.ts'

type Edit = { at: number; kind: string; piece: string; size: number }

const EDITS = [
  'insert',
  'insert',
  'replace',
  'delete',
  'truncate',
  'double',
  'swap',
  'crlf',
  'bom',
  'tabs',
  'number',
  'run',
]
const edit = (most: number): fc.Arbitrary<Edit> =>
  fc.record({
    at: fc.nat({ max: 1 << 20 }),
    kind: fc.constantFrom(...EDITS),
    piece: fc.oneof({ weight: 6, arbitrary: word }, { weight: 1, arbitrary: run(most) }),
    size: fc.integer({ min: 1, max: 60 }),
  })

/** A text of `most` characters at the most, with pieces put in, taken out, doubled, swapped, cut off. */
export const editedText = (base: fc.Arbitrary<string>, most: number): fc.Arbitrary<string> =>
  fc
    .tuple(base, fc.array(edit(most), { maxLength: 3 }))
    .map(([text, edits]) => edits.reduce((one, edit) => editOnce(one, edit).slice(0, most), text))

function editOnce(text: string, { at, kind, piece, size }: Edit): string {
  const place = at % (text.length + 1)
  const lines = () => text.split('\n')
  if (kind === 'insert' || kind === 'run') return text.slice(0, place) + piece + text.slice(place)
  if (kind === 'replace') return text.slice(0, place) + piece + text.slice(place + size)
  if (kind === 'delete') return text.slice(0, place) + text.slice(place + size)
  if (kind === 'truncate') return text.slice(0, place)
  if (kind === 'crlf') return text.replaceAll('\n', '\r\n')
  if (kind === 'bom') return `\ufeff${text}`
  if (kind === 'tabs') return text.replaceAll('  ', '\t')
  if (kind === 'number')
    return text.replace(/\d+/g, (digits, offset: number) => (offset % 3 === at % 3 ? piece.slice(0, 40) : digits))
  const all = lines()
  const line = at % all.length
  if (kind === 'double') all.splice(line, 0, all[line] as string)
  else [all[line], all[size % all.length]] = [all[size % all.length] as string, all[line] as string]
  return all.join('\n')
}

/** Bytes of a text, now and then with some that are no UTF-8, cut within a character, or with something in between. */
export const bytesOf = (text: fc.Arbitrary<string>): fc.Arbitrary<Buffer> =>
  fc
    .tuple(
      text,
      fc.oneof(
        { weight: 7, arbitrary: fc.constant(null) },
        {
          weight: 1,
          arbitrary: fc.tuple(
            fc.nat(),
            fc.constantFrom([0xff], [0xc3], [0xe2, 0x82], [0], [0xed, 0xa0, 0x80], [0xf8, 0x88]),
          ),
        },
      ),
    )
    .map(([content, extra]) => {
      const bytes = Buffer.from(content)
      if (extra === null) return bytes
      const at = extra[0] % (bytes.length + 1)
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(extra[1]), bytes.subarray(at)])
    })

/** No structure at all. */
export const noise: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ maxLength: 400 }).map(bytes => Buffer.from(bytes)),
  fc.string({ unit: 'binary', maxLength: 200 }).map(text => Buffer.from(text)),
  run(1 << 20).map(text => Buffer.from(text)),
)
