/** What ends a bracketed paste, in seven and in eight bits: what follows it would be keys. */
const PASTE_ENDS = /(?:\x1b\[|\x9b)201~/g
/** Every control character but tab and newline. An escape acts as a key where the program takes no bracketed paste. */
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g

/** The text as it may be pasted into any program: line breaks are LF, and no control character is left but newline and
 * tab. Half a surrogate pair becomes U+FFFD, as it would on its way through UTF-8. */
export function cleanPrompt(text: string): string {
  return withoutPasteEnds(text.replace(/\r\n?/g, '\n'))
    .replace(CONTROLS, '')
    .replace(/\p{Surrogate}/gu, '\ufffd')
}

/** Taking one out can make another of what stood around it. */
function withoutPasteEnds(text: string): string {
  const fewer = text.replace(PASTE_ENDS, '')
  return fewer === text ? text : withoutPasteEnds(fewer)
}
