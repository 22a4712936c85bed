/** What is put below a delegated prompt: how its end is told. */
import { shellLine } from '#lib/system/shell-word.ts'

/** The one exact line that tells how a job ended. Absolute paths: the agent's PATH and folder are not ours. The secret that
 * signs it stands in the job's file alone. @param program what runs `delegate-job`, as words. */
export function emitLine(program: readonly string[], id: string, registryPath: string): string {
  const words = [...program, 'emit', id, 'completed', '--registry', registryPath]
  return `${shellLine(words)} --summary 'what was done, in one line'`
}

/** The prompt as the agent gets it. @param isOneLine where a line break would be taken for Enter. */
export function withReport(prompt: string, id: string, line: string, isOneLine: boolean): string {
  const ask =
    `This is job ${id}. When all of it is done, report that by running this line in your shell, ` +
    'with a summary of your own:'
  const failed =
    'If it cannot be done, run the same line with `error` instead of `completed`, and the reason as the summary.'
  return isOneLine ? `${prompt} -- ${ask} ${line} -- ${failed}` : `${prompt}\n\n---\n${ask}\n\n${line}\n\n${failed}`
}
