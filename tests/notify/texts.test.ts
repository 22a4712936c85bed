/** The examples of references/notices.md and of the README, as they stand there. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { until } from '../harness/until.ts'
import { leave, monitor, notifiedWorld } from './notified.ts'

const ROOT = join(import.meta.dirname, '../..')

it.each(['skills/monitor/references/notices.md', 'README.md'])(
  '%s: its config tells on the desktop that an agent waits',
  async file => {
    const { world, notifier, is } = notifiedWorld([])
    const block = /^```yaml\n(notify:\n[\s\S]*?)^```$/m.exec(readFileSync(join(ROOT, file), 'utf8'))?.[1] ?? ''
    writeFileSync(join(world.workspace, '.hermes/agent-sessions.config.yaml'), block)
    const words = notifier.command().map(word => `'${word}'`)
    writeFileSync(join(world.bin, 'notify-send'), `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`)
    chmodSync(join(world.bin, 'notify-send'), 0o755)
    is('waiting', { waitingFor: 'permission prompt' })
    const one = monitor(world)
    await until('the notice', () => notifier.given().length > 0)
    expect(await leave(one)).toBe(0)
    expect(notifier.given().map(({ argv }) => argv)).toEqual([
      ['--', 'agent waits: lab-creator-claude', expect.stringMatching(/waits for an answer: permission prompt$/)],
    ])
    // What the text shows of the JSON is what comes.
    const shown = /^```json\n([\s\S]*?)^```$/m.exec(
      readFileSync(join(ROOT, 'skills/monitor/references/notices.md'), 'utf8'),
    )
    expect(Object.keys(notifier.payloads()[0] ?? {})).toEqual(Object.keys(JSON.parse(shown?.[1] ?? '')))
  },
)
