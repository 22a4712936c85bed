/** Control characters become visible, and those that show nothing go: they hide what a pattern looks for. A line break
 * stays. */
export function visibleChars(text: string): string {
  return text
    .replace(/[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/g, '')
    .replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, char => {
      return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
    })
}
