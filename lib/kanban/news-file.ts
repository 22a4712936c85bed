/** A card's memory, beside that of the registry. */
import * as z from 'zod/mini'
import { type StateFile, stateFile } from '#lib/reconcile/state-file.ts'
import { type CardNews, NO_NEWS } from './news.ts'

const newsSchema = z.object({
  told: z.record(z.string(), z.string()),
  lines: z.array(z.string()),
  dropped: z.int().check(z.nonnegative()),
  sent: z.nullable(z.object({ text: z.string(), lines: z.int().check(z.nonnegative()) })),
})

export type NewsFile = StateFile<CardNews>

export function newsFile(
  registryPath: string,
  card: string,
  env: Record<string, string | undefined>,
): Promise<NewsFile> {
  return stateFile(registryPath, `card-${card}`, env, value => newsSchema.parse(value), NO_NEWS)
}
