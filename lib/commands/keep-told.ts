import type { Pass } from '#lib/reconcile/pass.ts'
import { isCodedError } from '#lib/system/errors.ts'
import { note } from './run.ts'

let lastTold = ''

/** Strikes out what was told. The report is out already: where that cannot be kept it is a warning, once, and the same
 * is told once more by a later pass. */
export async function keepTold(pass: Pass): Promise<void> {
  try {
    await pass.told()
    lastTold = ''
  } catch (error) {
    if (!isCodedError(error) || error.code !== 'memory-unusable') throw error
    if (error.message !== lastTold) note(`reconcile: ${error.message}\n  ${error.hint ?? ''}`)
    lastTold = error.message
  }
}
