import type { BusSettings } from './settings.ts'
import type { BusMessage, PublishResult } from './types.ts'

/** Publishes a few messages, each acknowledged by the broker, and hangs up. Never throws for trouble with the broker. */
export async function publishOnce(
  _settings: BusSettings,
  _messages: readonly BusMessage[],
  _timeoutMs: number,
): Promise<PublishResult> {
  throw new Error('not built yet')
}
