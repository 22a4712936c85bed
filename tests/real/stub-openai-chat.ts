/** A loopback API that speaks enough of OpenAI's chat completions for OpenCode 1.18.33: it answers with canned text. */
import { pause, type StubApi, sendJson, startStub, wantedBy } from './stub-shared.ts'

interface Question {
  model?: string
  tools?: unknown[]
  messages?: { role?: string; content?: string | { text?: string }[] }[]
}

export async function startOpenaiChatStub(): Promise<StubApi> {
  const asked: string[] = []
  return await startStub(asked, async (request, body, response) => {
    if (!request.url?.endsWith('/chat/completions'))
      return sendJson(response, 404, { error: { message: 'no such page' } })
    const question = JSON.parse(body || '{}') as Question
    const last = question.messages?.at(-1)
    const prompt = textOf(last?.content)
    // The title of a conversation is asked for without tools: it is not a turn.
    const isTurn = (question.tools?.length ?? 0) > 0
    const isPrompt = isTurn && last?.role === 'user'
    if (isPrompt) asked.push(prompt)
    const wanted = wantedBy(isPrompt ? prompt : '')
    if (wanted.isLimited) return sendJson(response, 429, { error: { message: 'Rate limit reached', type: 'requests' } })
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    await pause(wanted.waitMs)
    const send = (delta: unknown, finish: string | null) =>
      response.write(`data: ${JSON.stringify({ ...HEAD, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`)
    if (wanted.command === undefined) {
      send({ role: 'assistant', content: 'The stub says done.' }, null)
      send({}, 'stop')
    } else {
      const given = JSON.stringify({ command: wanted.command, description: 'asked for by the test' })
      const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'bash', arguments: given } }
      send({ role: 'assistant', tool_calls: [call] }, null)
      send({}, 'tool_calls')
    }
    response.write(`data: ${JSON.stringify({ ...HEAD, choices: [], usage: USAGE })}\n\n`)
    response.end('data: [DONE]\n\n')
  })
}

const HEAD = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'stub' }
const USAGE = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }

function textOf(content: string | { text?: string }[] | undefined): string {
  return typeof content === 'string' ? content : (content ?? []).map(part => part.text ?? '').join('\n')
}
