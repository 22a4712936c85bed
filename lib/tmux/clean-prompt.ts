/** Every control character but tab and newline. An escape acts as a key where the program takes no bracketed paste. */
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g

/** The text as it may be pasted into any program: line breaks are LF, and no control character is left but newline and
 * tab. Half a surrogate pair becomes U+FFFD, as it would on its way through UTF-8. */
export function cleanPrompt(text: string): string {
  return withoutPasteEnds(text.replace(/\r\n?/g, '\n'))
    .replace(CONTROLS, '')
    .replace(/\p{Surrogate}/gu, '\ufffd')
}

/** What ends a bracketed paste, in seven and in eight bits: what follows it would be keys. */
const PASTE_ENDS = ['\x1b[201~', '\x9b201~'].map(end => [...end].map(char => char.charCodeAt(0)))
const TILDE = 0x7e

/** Taking one out can make another of what stood around it: they are looked for in what is kept. */
function withoutPasteEnds(text: string): string {
  if (!text.includes('201~')) return text
  const kept = new Uint16Array(text.length)
  let length = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    kept[length++] = code
    if (code !== TILDE) continue
    const end = PASTE_ENDS.find(codes => codes.every((one, i) => kept[length - codes.length + i] === one))
    if (end !== undefined) length -= end.length
  }
  return Buffer.from(kept.buffer, 0, length * 2).toString('utf16le')
}
