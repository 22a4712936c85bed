/** What each agent CLI leaves on disk: transcripts, chats, rollouts, databases, logs, hook records. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import fc from 'fast-check'
import { beganMs, projectKey } from '#lib/agents/claude-transcripts.ts'
import { driverNamed } from '#lib/agents/drive/table.ts'
import { adapterNamed } from '#lib/agents/table.ts'
import { type AnyProperty, property } from './border.ts'
import { jsonBytes, jsonLines } from './json-texts.ts'
import { CONVERSATION, lookIn } from './machine.ts'
import { word } from './words.ts'

const FIXTURES = resolve(import.meta.dirname, '../../../tests/fixtures')
const linesOf = (name: string): unknown[] =>
  readFileSync(join(FIXTURES, name), 'utf8')
    .split('\n')
    .flatMap(line => (line === '' ? [] : [JSON.parse(line)]))

const AT = '2026-11-21T10:00:00.000Z'
const CODEX_ID = '0199a213-81c0-7111-8111-000000000007'
const SES = 'ses_0199a21381c0abcdefabcdef'

const CLAUDE = [
  ...linesOf('claude-code-2.1.197/transcript-with-messages.jsonl'),
  ...linesOf('claude-code-2.1.197/transcript-rate-limited.jsonl'),
  {
    type: 'queue-operation',
    operation: 'enqueue',
    content: 'queued\n\n<pasted_content id="b">\nx\n</pasted_content id="b">\n',
  },
  { type: 'attachment', attachment: { type: 'queued_command', prompt: [{ type: 'text', text: 'hi' }] } },
]
const meta = { id: CODEX_ID, session_id: CODEX_ID, cwd: '/lab', cli_version: '0.169.0', model_provider: 'openai' }
const item = { type: 'UserMessage', id: 'i', content: [{ type: 'text', text: 'hello' }] }
const CODEX = [
  { timestamp: AT, type: 'session_meta', payload: meta },
  { timestamp: AT, type: 'turn_context', payload: { cwd: '/lab', model: 'gpt', approval_policy: 'on-request' } },
  { timestamp: AT, type: 'event_msg', payload: { type: 'item_completed', item } },
  { timestamp: AT, type: 'event_msg', payload: { type: 'user_message', message: 'hi' } },
  {
    timestamp: AT,
    type: 'event_msg',
    payload: { type: 'error', message: 'x', codex_error_info: 'usage_limit_exceeded' },
  },
]
const GEMINI = [
  { sessionId: CONVERSATION, projectHash: 'a', startTime: AT, lastUpdated: AT, kind: 'main' },
  { $set: { messages: [{ id: 'a', type: 'user', content: [{ text: '<session_context>' }] }] } },
  { id: 'b', timestamp: AT, type: 'user', content: [{ text: 'hello' }] },
  { id: 'c', timestamp: AT, type: 'gemini', content: 'hello', model: 'gemini-3' },
]
const GEMINI_OLD = [{ sessionId: CONVERSATION, startTime: AT, messages: [{ type: 'user', content: 'hi' }] }]
const OPENCODE_OLD = [{ id: 'msg_1', role: 'user', time: { created: 1 } }]
const AGY = [{ step_index: 0, source: 'USER_EXPLICIT', type: 'USER_INPUT', content: 'hi' }]
const HOOK = [
  { session_id: CONVERSATION, hook_event_name: 'SessionStart', source: 'startup', cwd: '/lab', transcript_path: '/x' },
]

const TAGS = [
  '<pasted_content id="b">\n',
  '\n</pasted_content id="b">',
  '<USER_REQUEST>',
  '</USER_REQUEST>\n',
  '<command-name>',
  '\n\n',
]
/** A message of nothing but beginnings, which look for their ends. */
const tagRuns = (line: (content: string) => object) =>
  fc
    .tuple(
      fc.constantFrom(...TAGS),
      fc.constantFrom(3, 300, 40_000),
      fc.constantFrom(...TAGS, 'x'),
      fc.constantFrom(1, 20_000),
    )
    .map(([tag, count, other, more]) => line(tag.repeat(count) + other.repeat(more)))
    .map(entry => Buffer.from(`${JSON.stringify(entry)}\n`))
const asClaude = tagRuns(content => ({ type: 'queue-operation', operation: 'enqueue', content }))
const asAgy = tagRuns(content => ({ type: 'USER_INPUT', content }))
const mostly = (usual: fc.Arbitrary<Buffer>, odd: fc.Arbitrary<Buffer>) =>
  fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: odd })

/** All that we ask of an agent, its record and what it says of itself. */
async function askAll(name: string, id: string, argv: readonly string[], home: string, mark?: string) {
  const adapter = adapterNamed(name)
  const driver = await driverNamed(name)
  const { look, context } = lookIn(home, argv)
  const values: unknown[] = [
    adapter?.liveId(look, context),
    adapter?.candidateId?.(look, { takenIds: new Set(), sameFolder: 0 }, context),
    adapter?.artifact(id, home, context, { turn: true }),
    adapter?.laterIds?.(look, id, context),
    adapter?.state?.(look, '✳ title', id, context),
    await driver?.recordMark(look, id, context),
    await driver?.messagesSince(mark, look, id, context),
    driver?.about?.(look, id, 'screen', context),
    driver?.caveat?.(context.env),
  ]
  return { value: values }
}

function put(home: string, path: string, bytes: string | Uint8Array): void {
  mkdirSync(dirname(join(home, path)), { recursive: true })
  writeFileSync(join(home, path), bytes)
}

type Put = [path: (home: string) => string, bytes: fc.Arbitrary<Buffer>]

function cli(name: string, what: string, id: string, files: readonly Put[]): AnyProperty {
  return property({
    border: 'transcripts',
    what: `${name}: ${what}`,
    inputs: fc.tuple(...files.map(([, bytes]) => bytes)),
    prepare(all, home) {
      for (const [at, [path]] of files.entries()) put(home, path(home), all[at] as Buffer)
    },
    run: (_, home) => askAll(name, id, [name, '--log-file', `${home}/agent.log`], home),
  })
}

const MOST = 1 << 20
const codexPath = `.codex/sessions/2025/10/02/rollout-2025-10-02T09-00-00-${CODEX_ID}.jsonl`
const claudePath = (id: string) => (home: string) => `.claude/projects/${projectKey(home)}/${id}.jsonl`
const other = '44444444-4444-4444-8444-444444444444'
const quoted = (text: string) => `'${text.replaceAll('\0', '').replaceAll("'", "''")}'`

/** OpenCode's tables, filled through the sqlite3 program; undefined columns come as NULL. */
function database(path: string, texts: readonly string[]): void {
  const [directory = '', data = '', version = '', id = SES] = texts
  const sql = `CREATE TABLE session (id, project_id, parent_id, slug, directory, title, version, time_created, time_updated);
    CREATE TABLE message (id, session_id, time_created, time_updated, data);
    INSERT INTO session VALUES (${quoted(id)}, 'p', NULL, 's', ${quoted(directory)}, 't', ${quoted(version)}, 1, 2);
    INSERT INTO session VALUES ('${SES}', 'p', NULL, 's', ${quoted(directory)}, 't', x'ff00', 1, ${quoted(version)});
    INSERT INTO message VALUES ('m', '${SES}', 1, 2, ${quoted(data)});
    INSERT INTO message VALUES ('n', '${SES}', 1, 2, '{"role":"user","modelID":"m","providerID":"p"}');`
  spawnSync('sqlite3', ['-batch', '-init', '/dev/null', path], { input: sql })
}

export const transcripts: AnyProperty[] = [
  cli('claude', 'transcript', CONVERSATION, [
    [claudePath(CONVERSATION), mostly(jsonLines(CLAUDE, MOST), asClaude)],
    [claudePath(other), jsonLines(CLAUDE, 1 << 16)],
    [() => 'agent.hook.json', jsonBytes(HOOK, 1 << 17)],
  ]),
  cli('codex', 'rollout', CODEX_ID, [
    [() => codexPath, jsonLines(CODEX, MOST)],
    [() => '.codex/auth.json', jsonBytes([{ tokens: { id_token: 'e30.e30.e30' } }], 1 << 16)],
  ]),
  cli('gemini', 'chat', CONVERSATION, [
    [() => `.gemini/tmp/lab/chats/session-2026-11-21T10-00-${CONVERSATION.slice(0, 8)}.jsonl`, jsonLines(GEMINI, MOST)],
    [
      () => `.gemini/tmp/lab/chats/session-2026-11-20T10-00-${CONVERSATION.slice(0, 8)}.json`,
      jsonBytes(GEMINI_OLD, 1 << 16),
    ],
    [
      () => '.gemini/settings.json',
      jsonBytes([{ general: { sessionRetention: { enabled: true, maxAge: '1d' } } }], 1 << 16),
    ],
  ]),
  cli('opencode', 'files of older versions, and a database that is none', SES, [
    [() => `.local/share/opencode/storage/message/${SES}/msg_1.json`, jsonBytes(OPENCODE_OLD, 1 << 17)],
    [() => `.local/share/opencode/storage/session/p/${SES}.json`, jsonBytes([{ id: SES }], 1 << 10)],
  ]),
  cli('agy', 'transcript and log', CONVERSATION, [
    [
      () => `.gemini/antigravity-cli/brain/${CONVERSATION}/.system_generated/logs/transcript.jsonl`,
      mostly(jsonLines(AGY, MOST), asAgy),
    ],
    [() => `.gemini/antigravity-cli/conversations/${CONVERSATION}.db`, jsonBytes([1], 1 << 10)],
    [() => 'agent.log', jsonLines([{ x: `Created conversation ${CONVERSATION}` }], MOST)],
  ]),
  property({
    border: 'transcripts',
    what: 'opencode: its database',
    inputs: fc.tuple(word, fc.oneof(word, jsonBytes([{ role: 'user', modelID: 'x' }], 5000).map(String)), word, word),
    share: 0.7,
    prepare(texts, home) {
      mkdirSync(join(home, '.local/share/opencode'), { recursive: true })
      database(join(home, '.local/share/opencode/opencode.db'), texts)
    },
    run: (_, home) => askAll('opencode', SES, ['opencode'], home),
  }),
  property({
    border: 'transcripts',
    what: 'a mark of before, whatever became of it',
    inputs: fc.tuple(
      jsonLines(CLAUDE, 1 << 16),
      fc.oneof(word, jsonBytes([{ path: '/x', dev: 1, ino: 2, size: 3 }], 5000).map(String)),
    ),
    prepare: ([bytes], home) => put(home, claudePath(CONVERSATION)(home), bytes),
    run: ([, mark], home) => askAll('claude', CONVERSATION, ['claude'], home, mark),
  }),
  property({
    border: 'transcripts',
    what: 'codex: what was recorded since a time',
    inputs: fc.tuple(jsonLines(CODEX, 1 << 16), fc.oneof(fc.nat().map(String), word)),
    prepare: ([bytes], home) => put(home, codexPath, bytes),
    run: ([, since], home) => askAll('codex', CODEX_ID, ['codex'], home, `since ${since}`),
  }),
  property({
    border: 'transcripts',
    what: 'claude: when a conversation began',
    inputs: jsonLines(CLAUDE, 1 << 16),
    share: 0.5,
    prepare: (bytes, home) => put(home, claudePath(CONVERSATION)(home), bytes),
    run: (_, home) => ({ value: beganMs(join(home, claudePath(CONVERSATION)(home))) }),
  }),
]
