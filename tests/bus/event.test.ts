import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonical, isSignedBy, MAX_PAYLOAD, readEvent, signEvent, type WireEvent } from '#lib/bus/event.ts'
import { eventFilter, eventTopic, isPrefix, jobOfTopic } from '#lib/bus/topics.ts'

const SECRET = 'ab'.repeat(32)
const OTHER = 'cd'.repeat(32)
const PREFIX = 'python/mqtt/jobs'
const ABOUT = { prefix: PREFIX, retain: false }
const TOPIC = eventTopic(PREFIX, 'job-1')

const FIELDS = {
  job_id: 'job-1',
  event: 'completed' as const,
  at: '2026-01-31T23:59:59.000Z',
  emitter: 'agent@host:12',
  seq: 3,
  session: 'lab-reviewer',
  server: 'default',
  host: 'machine',
}

const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
const read = (value: unknown, topic = TOPIC) => readEvent(topic, bytes(value), ABOUT)
const whyOf = (value: unknown, topic = TOPIC) => {
  const answer = read(value, topic)
  return 'refused' in answer ? answer.refused : 'accepted'
}
/** Signed, and as it arrives. */
const arrived = (fields: Omit<WireEvent, 'sig'>) => {
  const answer = read(signEvent(fields, SECRET))
  if ('refused' in answer) throw new Error(answer.refused)
  return answer
}

describe('a topic', () => {
  it('names its job, and only a well-formed one', () => {
    expect(eventTopic(PREFIX, 'a-1')).toBe('python/mqtt/jobs/a-1/events')
    expect(eventFilter(PREFIX)).toBe('python/mqtt/jobs/+/events')
    expect(jobOfTopic(PREFIX, 'python/mqtt/jobs/a-1/events')).toBe('a-1')
    for (const topic of [
      'python/mqtt/jobs/events',
      'python/mqtt/jobs//events',
      'python/mqtt/jobs/a/b/events',
      'python/mqtt/jobs/../events',
      'python/mqtt/jobs/.a/events',
      'python/mqtt/jobs/a\n/events',
      `python/mqtt/jobs/${'a'.repeat(65)}/events`,
      'python/mqtt/jobs/a/events/more',
      'python/mqtt/jobs/a/event',
      'other/a/events',
      '/python/mqtt/jobs/a/events',
      '',
    ])
      expect(jobOfTopic(PREFIX, topic), topic).toBeUndefined()
  })

  it.each(['jobs', 'a/b c/d', 'Büro/jobs', 'a$'])('may begin with %j', prefix => expect(isPrefix(prefix)).toBe(true))
  it.each(['', '/', '/a', 'a/', 'a//b', 'a/+', 'a/#', '+', '$SYS/a', 'a\0', 'a\n', 'x'.repeat(501)])(
    'does not begin with %j',
    prefix => expect(isPrefix(prefix)).toBe(false),
  )
})

describe('the canonical text', () => {
  it.each<[unknown, string]>([
    [{ b: 1, a: 2 }, '{"a":2,"b":1}'],
    [{ a: { d: [1, { z: 0, y: null }], c: true } }, '{"a":{"c":true,"d":[1,{"y":null,"z":0}]}}'],
    ['ü\n"\\\u2028', '"ü\\n\\"\\\\\u2028"'],
    // By code point: U+E000 before U+1F600, whose first UTF-16 unit is smaller.
    [{ '\u{1f600}': 1, '\ue000': 2, a: 3 }, '{"a":3,"\ue000":2,"\u{1f600}":1}'],
    [{ aa: 1, a: 2 }, '{"a":2,"aa":1}'],
    [{ a: undefined, b: [] }, '{"b":[]}'],
    [1.5, '1.5'],
    [-0, '0'],
  ])('of %j is %s', (value, text) => expect(canonical(value)).toBe(text))

  it('does not depend on the order in which keys were written', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()),
        fc.infiniteStream(fc.nat()),
        (value, random) => {
          const shuffled = Object.fromEntries(
            Object.entries(value)
              .map(entry => [random.next().value as number, entry] as const)
              .sort(([a], [b]) => a - b)
              .map(([, entry]) => entry),
          )
          expect(canonical(shuffled)).toBe(canonical(value))
        },
      ),
    )
  })

  it('loses nothing: it is read as what it was written from', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  it('and its signature are what Python makes of the same value', () => {
    const value = {
      ...FIELDS,
      summary: 'fertig: 3 „Tests“ ✓ 😀 \t"quoted" \\ \u007f\u2028',
      data: { z: [1, -2, true, null, { '\u{1f600}': 1, '\ue000': 2, é: 3 }], a: {} },
    }
    const program = [
      'import json, sys, hmac, hashlib',
      'value = json.load(sys.stdin)',
      "text = json.dumps(value, sort_keys=True, separators=(',', ':'), ensure_ascii=False)",
      'sig = hmac.new(sys.argv[1].encode(), text.encode("utf-8"), hashlib.sha256).hexdigest()',
      'sys.stdout.buffer.write(json.dumps([text, sig]).encode())',
    ].join('\n')
    const output = execFileSync('python3', ['-c', program, SECRET], { input: JSON.stringify(value), encoding: 'utf8' })
    const [text, sig] = JSON.parse(output)
    expect(canonical(value)).toBe(text)
    expect(signEvent(value, SECRET).sig).toBe(sig)
    expect(isSignedBy({ ...value, sig }, SECRET)).toBe(true)
  })
})

describe('a signature', () => {
  it('holds for its secret, and for no other', () => {
    const { raw, event } = arrived(FIELDS)
    expect(event).toMatchObject(FIELDS)
    expect(isSignedBy(raw, SECRET)).toBe(true)
    expect(isSignedBy(raw, OTHER)).toBe(false)
    expect(isSignedBy(raw, SECRET.toUpperCase())).toBe(false)
  })

  it('covers fields that we do not know', () => {
    const { raw } = arrived({ ...FIELDS, later: { x: 1 } })
    expect(isSignedBy(raw, SECRET)).toBe(true)
    expect(isSignedBy({ ...raw, later: { x: 2 } }, SECRET)).toBe(false)
    expect(isSignedBy({ ...raw, more: 1 }, SECRET)).toBe(false)
  })

  it('that is missing, short, in capitals or no text is wrong', () => {
    const { raw } = arrived(FIELDS)
    const sig = String(raw['sig'])
    const { sig: _sig, ...unsigned } = raw
    expect(isSignedBy(unsigned, SECRET)).toBe(false)
    for (const wrong of [sig.slice(1), `${sig}0`, sig.toUpperCase(), '', null, 7, [sig], { length: 64 }, `${sig}\n`])
      expect(isSignedBy({ ...raw, sig: wrong }, SECRET), String(wrong)).toBe(false)
  })

  it('is broken by every changed byte', () => {
    const texts = fc.string({ unit: 'grapheme', maxLength: 40 })
    fc.assert(
      fc.property(texts, fc.nat(), fc.integer({ min: 1, max: 255 }), (summary, at, by) => {
        const payload = bytes(signEvent({ ...FIELDS, summary, data: { [`k${summary}`]: [summary, 12] } }, SECRET))
        const index = at % payload.length
        payload[index] = (payload[index] ?? 0) ^ by
        const answer = readEvent(TOPIC, payload, ABOUT)
        expect('refused' in answer || !isSignedBy(answer.raw, SECRET)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  it('holds for whatever JSON an event carries, on its way through a broker', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5, stringUnit: 'binary' }), data => {
        const answer = read(signEvent({ ...FIELDS, data }, SECRET))
        // Keys like __proto__ come up, and are refused.
        if ('raw' in answer) expect(isSignedBy(answer.raw, SECRET)).toBe(true)
        else expect(answer.refused).toMatch(/^has a key /)
      }),
    )
  })
})

describe('a payload', () => {
  it.each<[string, unknown]>([
    ['not JSON', '{"job_id":'],
    ['not JSON', ''],
    ['not JSON', `\ufeff${JSON.stringify(FIELDS)}`],
    ['not a JSON object', '[1]'],
    ['not a JSON object', 'null'],
    ['not a JSON object', '"text"'],
    ['job_id: expected a job id', { ...FIELDS, job_id: '../x' }],
    ['event: expected the name of an event, like completed', { ...FIELDS, event: 'exploded' }],
    ['seq: expected a whole number from 1', { ...FIELDS, seq: 0 }],
    ['seq: expected a whole number from 1', { ...FIELDS, seq: 2 ** 53 }],
    ['seq: expected a whole number from 1, got text', { ...FIELDS, seq: '3' }],
    ['emitter: expected 1 to 64 of the characters A-Z a-z 0-9 . _ : @ -', { ...FIELDS, emitter: 'a b' }],
    ['summary: expected text of at most 2000 characters', { ...FIELDS, summary: 'x'.repeat(2001) }],
    ['summary: expected text of at most 2000 characters, got a number', { ...FIELDS, summary: 1 }],
    ['data: expected JSON of at most 16384 bytes', { ...FIELDS, data: 'x'.repeat(16_384) }],
    ['session: expected text of at most 1000 characters, got an object', { ...FIELDS, session: {} }],
    ['at: expected a time like 2026-01-31T23:59:59.000Z, got nothing', { ...FIELDS, at: undefined }],
    ['sig: expected text, got null', { ...FIELDS, sig: null }],
    ['has a key __proto__', `{"__proto__":{"event":"completed"},${JSON.stringify(FIELDS).slice(1)}`],
    ['has a key constructor', { ...FIELDS, data: [{ a: { constructor: 1 } }] }],
    ['has a key prototype', { ...FIELDS, data: { prototype: 1 } }],
    ['nested deeper than 16', { ...FIELDS, data: JSON.parse(`${'['.repeat(16)}${']'.repeat(16)}`) }],
    ['nested deeper than 16', `${'['.repeat(30_000)}${']'.repeat(30_000)}`.replace(/^/, '{"a":').concat('}')],
    [`larger than ${MAX_PAYLOAD} bytes`, JSON.stringify({ ...FIELDS, more: 'x'.repeat(MAX_PAYLOAD) })],
  ])('is refused: %s', (why, value) => {
    expect(whyOf(value)).toMatch(new RegExp(`^${why.replaceAll(/[.*+?^$()[\]]/g, '\\$&')}`))
    expect(Object.prototype).not.toHaveProperty('event')
  })

  it('at the bounds is taken', () => {
    expect(whyOf({ ...FIELDS, data: JSON.parse(`${'['.repeat(15)}${']'.repeat(15)}`) })).toBe('accepted')
    expect(whyOf({ ...FIELDS, seq: 2 ** 53 - 1, summary: 'x'.repeat(2000) })).toBe('accepted')
    const { session: _session, server: _server, host: _host, ...few } = FIELDS
    expect(whyOf(few)).toBe('accepted')
  })

  it('that is not UTF-8 is refused', () => {
    const payload = bytes(JSON.stringify(FIELDS).replace('machine', 'machin?'))
    payload[payload.indexOf('?')] = 0xff
    expect(readEvent(TOPIC, payload, ABOUT)).toEqual({ refused: 'not UTF-8' })
  })

  it('of another job than its topic says, on a foreign topic, or retained is refused', () => {
    expect(whyOf(FIELDS, eventTopic(PREFIX, 'job-2'))).toBe('the topic is that of another job')
    expect(whyOf(FIELDS, 'elsewhere/job-1/events')).toBe('the topic is none of a job')
    expect(readEvent(TOPIC, bytes(FIELDS), { prefix: PREFIX, retain: true })).toEqual({ refused: 'a retained message' })
  })

  it('of any bytes at all is refused with a few words of ours, and never throws', () => {
    const json = fc.jsonValue().map(value => bytes(value))
    const half = fc.record({ ...Object.fromEntries(Object.keys(FIELDS).map(key => [key, fc.jsonValue()])) }).map(bytes)
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), json, half), payload => {
        const answer = readEvent(TOPIC, payload, ABOUT)
        expect(answer).toHaveProperty('refused', expect.stringMatching(/^[ -~]{3,120}$/))
      }),
    )
  })
})
