/** Giving notices out: how many at once, and what is let go. */
import { expect, it } from 'vitest'
import { agentNotice, wordsFor } from '#lib/notify/notice.ts'
import { newPost } from '#lib/notify/post.ts'

const notice = (session: string) =>
  agentNotice('limited', { session, server: 'default', state: 'limited', detail: '' }, text => text)

function slowPost() {
  const lines: string[] = []
  const given: { session: string; done: (why?: string) => void }[] = []
  const post = newPost({
    targets: kind => (kind === 'limited' ? [{ command: ['x'] }] : []),
    give: (_, { session }) => new Promise(done => given.push({ session, done })),
    say: line => lines.push(line),
  })
  return { post, given, lines }
}

it('what waits is bounded: what comes then is let go, and said once until there is room', async () => {
  const { post, given, lines } = slowPost()
  for (let n = 0; n < 200; n++) post.send(notice(`s${n}`))
  expect(given).toHaveLength(3)
  expect(lines).toEqual(['more than 100 notices wait: what comes now is let go'])
  let isIdle = false
  const idle = post.idle().then(() => (isIdle = true))
  for (let n = 0; n < given.length; n++) {
    expect(isIdle).toBe(false)
    given[n]?.done()
    await new Promise(setImmediate)
  }
  await idle
  // Three were under way when the others began to wait.
  expect(given.map(({ session }) => session)).toEqual(Array.from({ length: 103 }, (_, n) => `s${n}`))
  for (let n = 0; n < 200; n++) post.send(notice(`t${n}`))
  expect(lines).toHaveLength(2)
})

it('what waits when a monitor must leave is dropped', async () => {
  const { post, given } = slowPost()
  for (let n = 0; n < 10; n++) post.send(notice(`s${n}`))
  post.drop()
  for (const { done } of given) done('the monitor left')
  await post.idle()
  expect(given).toHaveLength(3)
})

it('what is filled in is not looked at again', () => {
  const { title: _title, ...rest } = notice('{text}{title}$&$1')
  const said = { ...rest, title: '{session}' }
  expect(wordsFor(['{title}', '{title}', '{session}', '-{state}', '{{kind}}'], said)).toEqual([
    '{title}',
    '{session}',
    '{text}{title}$&$1',
    '-limited',
    '{limited}',
  ])
})
