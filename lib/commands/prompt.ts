import { readFileSync, statSync } from 'node:fs'
import { CodedError, EXIT } from '#lib/system/errors.ts'
import { type Parsed, usageError } from './flags.ts'

/** A paste of more takes agents minutes, if they take it at all. */
const MAX_BYTES = 256 << 10

/** The text of `--prompt` or `--prompt-file` (`-`: standard input); undefined when neither was given. CodedError `usage`. */
export async function promptOf(flags: Parsed, example: string): Promise<string | undefined> {
  const given = flags.text('prompt')
  const file = flags.text('prompt-file')
  if (given !== undefined && file !== undefined)
    throw usageError('--prompt and --prompt-file exclude each other', example)
  const text = given ?? (file === undefined ? undefined : textOf(await bytesOf(file), file))
  if (text === undefined) return undefined
  if (text.trim() === '') throw usageError('the prompt is empty', example)
  if (Buffer.byteLength(text) > MAX_BYTES)
    throw usageError(
      `the prompt has ${Buffer.byteLength(text)} bytes, more than the ${MAX_BYTES} that are pasted`,
      'put it into a file and let the prompt name it',
    )
  return text
}

async function bytesOf(file: string): Promise<Buffer> {
  if (file === '-') {
    const chunks: Buffer[] = []
    for await (const chunk of process.stdin) chunks.push(chunk)
    return Buffer.concat(chunks)
  }
  try {
    if (statSync(file).isFile()) return readFileSync(file)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new CodedError('no-file', EXIT.refused, `cannot read the prompt file: ${why}`)
  }
  throw new CodedError('no-file', EXIT.refused, `${file} is not a plain file`, 'Use --prompt-file - for a pipe.')
}

function textOf(bytes: Buffer, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new CodedError('usage', EXIT.broken, `${file} is not UTF-8 text`)
  }
}
