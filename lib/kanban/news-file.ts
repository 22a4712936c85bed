/** A card's memory, beside that of the registry. One monitor per registry writes it, so it needs no lock. */
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import writeFileAtomic from 'write-file-atomic'
import * as z from 'zod/mini'
import { makeOwnFolder, memoryPath } from '#lib/reconcile/memory-file.ts'
import { type CardNews, NO_NEWS } from './news.ts'

const newsSchema = z.object({
  schema: z.literal(1),
  told: z.record(z.string(), z.string()),
  lines: z.array(z.string()),
  dropped: z.int().check(z.nonnegative()),
  sent: z.nullable(z.object({ text: z.string(), lines: z.int().check(z.nonnegative()) })),
})

export interface NewsFile {
  read(): CardNews
  /** Rejects with the system's error where it cannot be written. */
  write(news: CardNews): Promise<void>
}

export async function newsFile(
  registryPath: string,
  card: string,
  env: Record<string, string | undefined>,
): Promise<NewsFile> {
  const path = (await memoryPath(registryPath, env)).replace(/\.state$/, `.card-${card}.state`)
  let written = ''
  return {
    read() {
      try {
        const { schema: _schema, ...news } = newsSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
        return news
      } catch {
        // None yet, or none that can be read: the worst that follows is that something is told once more.
        return NO_NEWS
      }
    },
    async write(news) {
      const text = `${JSON.stringify({ schema: 1, ...news })}\n`
      if (text === written) return
      makeOwnFolder(dirname(path))
      await writeFileAtomic(path, text, { mode: 0o600 })
      written = text
    },
  }
}
