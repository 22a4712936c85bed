/** Prompts as people and programs send them, and worse, from a seed. */

export type Random = () => number

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T
}

const WORDS = 'fix the test that fails in queue.ts and run it again; then tell what you found, please'.split(' ')
const OTHERS = ['grüße', '日本語', '😀', 'e\u0301', 'Ελλάδα', 'שלום', '한국어', '🏳️‍🌈', '—', '…', 'ﬁ']
const SHELL = ['"it\'s"', '$HOME', '`id`', '$(id)', '#{pid}', '#(id)', '%1', '~', '&&', '|', '\\n', '*', '!!', '{a,b}']
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789;.,'

export const KINDS = [
  'one byte',
  'words',
  'lines',
  'semicolon at the end',
  'unicode',
  'shell',
  'control sequences',
  'leading @',
  'leading /',
  'leading ! or #',
  'trailing @ or backslash',
  'tabs and blanks',
  'long',
] as const
export type TextKind = (typeof KINDS)[number]

/** A prompt of a kind. `tag` makes it one of its kind; one byte has no room for it. `canary`: a file that is made if a shell
 * ever reads the text. */
export function textOf(kind: TextKind, random: Random, tag: string, canary: string): string {
  const words = (count: number, from = WORDS) => Array.from({ length: count }, () => pick(random, from)).join(' ')
  const some = 1 + Math.floor(random() * 20)
  const breaks = (text: string) => text.replace(/ /g, () => (random() < 0.3 ? '\n' : ' '))
  switch (kind) {
    case 'one byte':
      return pick(random, [...LETTERS])
    case 'words':
      return `${words(some)} ${tag}`
    case 'lines':
      return `${tag} ${breaks(words(some * 3))}\n\n  ${words(3)}`
    case 'semicolon at the end':
      return `${words(some)} ${tag};`
    case 'unicode':
      return `${words(some, OTHERS)} ${tag} ${words(2, OTHERS)}`
    case 'shell':
      return `${breaks(words(some, SHELL))} ${tag} touch ${canary}`
    case 'control sequences':
      return `${tag}\x1b[201~\ntouch ${canary}\r\n\x1b[20\x1b[201~1~${words(2)}\x03\x1b]0;t\x07\x9b201~\0 $(touch ${canary})\x1b[A end`
    case 'leading @':
      return `@${pick(random, ['README.md', 'src/', 'nobody'])} ${words(some)} ${tag}`
    case 'leading /':
      return `/${pick(random, ['tmp/x', 'help', 'quit', 'clear', 'nosuch'])} ${words(some)} ${tag}`
    case 'leading ! or #':
      return `${pick(random, ['!', '#', '# '])}${words(some)} ${tag}`
    case 'trailing @ or backslash':
      return `${words(some)} ${tag} ${pick(random, ['@', 'C:\\', 'see /', '@REA'])}`
    case 'tabs and blanks':
      return ` \t${words(2)}\t${tag}  \n\t${words(some)}   \n`
    case 'long':
      return longText(random, `${tag} ${words(4)}`)
  }
}

/** 1 to 100 KB, of one line or of many, as likely small as large on a scale of powers. */
function longText(random: Random, head: string): string {
  const size = Math.floor(1000 * 100 ** random())
  const line = random() < 0.3 ? 0 : 20 + Math.floor(random() * 150)
  let text = head
  while (text.length < size) text += `${line > 0 && text.length % line < 8 ? '\n' : ' '}${pick(random, WORDS)}`
  return text.slice(0, size)
}
