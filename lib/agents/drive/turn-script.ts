/** The script that a hook of ours runs at the end of each turn, when there is one: it stands beside the file that the
 * session's start is told to. Without a job there is none, and the hook costs a `sh`. */
export function turnScript(hookFile: string): string {
  return hookFile.replace(/(?:\.hook\.json)?$/, '.turn.sh')
}
