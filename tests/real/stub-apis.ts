/** Loopback stand-ins for the Anthropic messages and the OpenAI responses API: the real programs run against them with no
 * account and no network. The last thing the user said decides the answer:
 *   RUN <command>   asks to run it in a shell
 *   LIMIT           a 429
 *   SLOW <ms> …     answers after so many milliseconds
 *   anything else   `REPLY <the first 60 characters>` */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

export interface StubApi {
  url: string
  /** What was asked, oldest first: the last user text of each request that was no side errand (a title, a warm-up). */
  asked: string[]
  close(): Promise<void>
}

type Json = Record<string, unknown>

export async function startStubApi(): Promise<StubApi> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    void answer(request, response, asked).catch(error => response.destroy(error))
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    close: () =>
      new Promise(done => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, asked: string[]): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const path = (request.url ?? '').split('?')[0] ?? ''
  if (process.env['STUB_LOG'])
    console.error(
      request.method,
      path,
      chunks.reduce((sum, chunk) => sum + chunk.length, 0),
    )
  if (path.endsWith('/count_tokens')) return sendJson(response, 200, { input_tokens: 10 })
  const body = parse(Buffer.concat(chunks).toString())
  if (path.endsWith('/messages')) return answerMessages(body, response, asked)
  if (path.endsWith('/responses')) return answerResponses(body, response, asked)
  sendJson(response, 404, {})
}

/** Anthropic's: reminders and results of tools stand in the user's name beside what was typed. */
async function answerMessages(body: Json, response: ServerResponse, asked: string[]): Promise<void> {
  const last = list(body['messages']).findLast(message => message['role'] === 'user')
  const parts =
    typeof last?.['content'] === 'string' ? [{ type: 'text', text: last['content'] }] : list(last?.['content'])
  const texts = parts.flatMap(part => (typeof part['text'] === 'string' ? [part['text']] : []))
  const text = texts.filter(one => !one.startsWith('<system-reminder>')).at(-1) ?? ''
  const hasTools = list(body['tools']).length > 0
  const isResult = parts.some(part => part['type'] === 'tool_result')
  if (hasTools) asked.push(text)
  if (text.includes('LIMIT')) {
    response.setHeader('x-should-retry', 'false')
    const error = { type: 'rate_limit_error', message: "This request would exceed your account's rate limit." }
    return sendJson(response, 429, { type: 'error', error })
  }
  await pause(isResult ? 0 : slowness(text))
  const command = isResult || !hasTools ? undefined : runWish(text)
  const block =
    command === undefined
      ? { start: { type: 'text', text: '' }, delta: { type: 'text_delta', text: reply(text) } }
      : {
          start: { type: 'tool_use', id: `toolu_${Date.now()}`, name: 'Bash', input: {} },
          delta: { type: 'input_json_delta', partial_json: JSON.stringify({ command, description: 'asked for' }) },
        }
  const usage = { input_tokens: 10, output_tokens: 5 }
  const stop = { stop_reason: command === undefined ? 'end_turn' : 'tool_use', stop_sequence: null }
  const message = { id: `msg_${Date.now()}`, type: 'message', role: 'assistant', model: body['model'], content: [] }
  sendEvents(response, [
    { type: 'message_start', message: { ...message, stop_reason: null, stop_sequence: null, usage } },
    { type: 'content_block_start', index: 0, content_block: block.start },
    { type: 'content_block_delta', index: 0, delta: block.delta },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: stop, usage },
    { type: 'message_stop' },
  ])
}

/** OpenAI's: the input holds the whole conversation as items. */
async function answerResponses(body: Json, response: ServerResponse, asked: string[]): Promise<void> {
  const items = list(body['input'])
  const last = items.findLast(item => item['role'] === 'user')
  const text = list(last?.['content'])
    .flatMap(part => (typeof part['text'] === 'string' ? [part['text']] : []))
    .join('\n')
  const isResult = String(items.at(-1)?.['type']).endsWith('_output')
  // Newer models get their tools as an item of the conversation, and run commands from a script.
  const hasScript = items.some(item => item['type'] === 'additional_tools')
  const tools = list(body['tools'])
  const hasTools = hasScript || tools.length > 0
  if (hasTools) asked.push(text)
  if (text.includes('LIMIT')) {
    const error = { type: 'usage_limit_reached', message: 'The usage limit has been reached', resets_in_seconds: 3600 }
    return sendJson(response, 429, { error })
  }
  await pause(isResult ? 0 : slowness(text))
  const id = `resp_${Date.now()}`
  const command = isResult || !hasTools ? undefined : runWish(text)
  const item =
    command === undefined
      ? { type: 'message', role: 'assistant', id: `msg_${id}`, content: [{ type: 'output_text', text: reply(text) }] }
      : { id: `call_${id}`, call_id: `call_${id}`, ...(hasScript ? scriptCall(command) : shellCall(tools, command)) }
  const usage = { input_tokens: 10, input_tokens_details: null, output_tokens: 5, output_tokens_details: null }
  sendEvents(response, [
    { type: 'response.created', response: { id } },
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response: { id, usage: { ...usage, total_tokens: 15 } } },
  ])
}

/** Escalated, so that the user is asked. */
const ESCALATED = { sandbox_permissions: 'require_escalated', justification: 'asked for' }

function scriptCall(command: string): Json {
  const input = `text(await tools.exec_command(${JSON.stringify({ cmd: command, ...ESCALATED })}))`
  return { type: 'custom_tool_call', name: 'exec', input }
}

/** The call of whichever shell tool was offered. */
function shellCall(tools: Json[], command: string): Json {
  const isExec = tools.some(tool => tool['name'] === 'exec_command')
  return isExec
    ? { type: 'function_call', name: 'exec_command', arguments: JSON.stringify({ cmd: command, ...ESCALATED }) }
    : { type: 'function_call', name: 'shell_command', arguments: JSON.stringify({ command, ...ESCALATED }) }
}

const reply = (text: string) => `REPLY ${text.slice(0, 60)}`
const runWish = (text: string) => /^\s*RUN (.+)/m.exec(text)?.[1]
const slowness = (text: string) => Math.min(Number(/SLOW (\d+)/.exec(text)?.[1] ?? 100), 30_000)
const pause = (ms: number) => new Promise(done => setTimeout(done, ms))

function list(value: unknown): Json[] {
  return Array.isArray(value) ? (value as Json[]) : []
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    // Compressed, or no JSON: an empty question.
    return {}
  }
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

function sendEvents(response: ServerResponse, events: Json[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const event of events) response.write(`event: ${event['type']}\ndata: ${JSON.stringify(event)}\n\n`)
  response.end()
}
