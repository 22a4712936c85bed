/** A loopback API that speaks enough of Google's generateContent for Gemini CLI 0.61.0: it answers with canned text. */
import { pause, type StubApi, sendJson, startStub, wantedBy } from './stub-shared.ts'

interface Part {
  text?: string
  functionResponse?: unknown
}

interface Question {
  contents?: { role?: string; parts?: Part[] }[]
}

const USAGE = { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 }

export async function startGeminiStub(): Promise<StubApi> {
  const asked: string[] = []
  return await startStub(asked, async (request, body, response) => {
    const url = request.url ?? ''
    if (url.includes(':countTokens')) return sendJson(response, 200, { totalTokens: 10 })
    const parts = (JSON.parse(body || '{}') as Question).contents?.at(-1)?.parts ?? []
    const isToolAnswer = parts.some(part => part.functionResponse !== undefined)
    // What was cancelled before stands in front of it.
    const prompt = parts.findLast(part => part.text !== undefined)?.text ?? ''
    // Side questions (routing, loop checks) are not streamed: nothing of them is the user's.
    if (!url.includes(':streamGenerateContent')) return sendJson(response, 200, chunk([{ text: '{}' }]))
    const wanted = wantedBy(prompt)
    if (!isToolAnswer) asked.push(prompt)
    if (wanted.isLimited && !isToolAnswer)
      return sendJson(response, 429, {
        error: { code: 429, message: 'You exceeded your current quota', status: 'RESOURCE_EXHAUSTED' },
      })
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    await pause(wanted.waitMs)
    const isCall = wanted.command !== undefined && !isToolAnswer
    const call = { functionCall: { name: 'run_shell_command', args: { command: wanted.command } } }
    response.end(`data: ${JSON.stringify(chunk(isCall ? [call] : [{ text: 'The stub says done.' }]))}\n\n`)
  })
}

function chunk(parts: unknown[]): unknown {
  return {
    candidates: [{ content: { role: 'model', parts }, finishReason: 'STOP', index: 0 }],
    usageMetadata: USAGE,
    modelVersion: 'gemini-2.5-pro',
  }
}
