/** Captured screens of the real programs, as drivers and marks get them. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ScreenLine, Wish } from '#lib/agents/drive/types.ts'
import { screenLines } from '#lib/tmux/ansi.ts'

export interface Captures {
  lines(name: string): ScreenLine[]
  text(name: string): string
  names: string[]
}

export function capturesOf(version: string): Captures {
  const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), 'fixtures', version)
  return {
    lines: name => screenLines(readFileSync(join(folder, `${name}.ansi`), 'utf8')),
    text: name => readFileSync(join(folder, `${name}.txt`), 'utf8'),
    names: readdirSync(folder).flatMap(name => (name.endsWith('.ansi') ? [name.slice(0, -5)] : [])),
  }
}

export const aWish = (wish: Partial<Wish> = {}): Wish => ({
  folder: '/home/dev/fresh',
  newId: '33333333-3333-4333-8333-333333333333',
  skipPermissions: false,
  logFile: '/home/dev/own/3.log',
  hookFile: '/home/dev/own/3.hook.json',
  secretFile: '/home/dev/own/3.secret.json',
  port: 4096,
  plain: false,
  ...wish,
})
