import { listEarly } from './early.ts'

/** The `reconcile` bin and the monitor skill's script. */
export async function main(argv: string[]): Promise<void> {
  const early = listEarly(argv)
  const [{ runCommand }, { reconcile }] = await Promise.all([import('./run.ts'), import('./reconcile.ts')])
  await runCommand(reconcile, argv, early)
}
