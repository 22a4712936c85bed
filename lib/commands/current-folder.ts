import { CodedError, EXIT } from '#lib/system/errors.ts'

/** The folder we stand in. CodedError `no-folder` when it was removed. */
export function currentFolder(): string {
  try {
    return process.cwd()
  } catch {
    // uv_cwd: ENOENT is all there is to tell.
    throw new CodedError(
      'no-folder',
      EXIT.refused,
      'the current folder is gone',
      'cd to one that exists, then run this again.',
    )
  }
}
