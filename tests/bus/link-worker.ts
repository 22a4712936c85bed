/** Run as a process of its own: a link that says what it gets. Its standard input's end ends the link, and nothing else
 * ends the process. The argument: { settings, clientId, filter, will?, hold: payloads that are never done with }. */
import { connectBus } from '#lib/bus/client.ts'

const { settings, hold, ...options } = JSON.parse(process.argv[2] ?? '')
const say = (text: string) => process.stdout.write(`${text}\n`)

const link = connectBus(settings, {
  ...options,
  async onMessage(_topic, payload) {
    const text = Buffer.from(payload).toString()
    say(`got ${text}`)
    if (hold.includes(text)) await new Promise(() => undefined)
    say(`done ${text}`)
  },
  onState: state => say(state),
})
process.stdin.resume().on('end', () => void link.end().then(() => say('ended')))
