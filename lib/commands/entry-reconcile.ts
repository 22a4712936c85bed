import { reconcile } from './reconcile.ts'
import { runCommand } from './run.ts'

/** The `reconcile` bin and the monitor skill's script. */
export const main = (argv: string[]): Promise<void> => runCommand(reconcile, argv)
