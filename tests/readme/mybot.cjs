#!/usr/bin/env node
// Behaves as docs/adding-an-agent.md says of `mybot`: a conversation with an id, an input line, a screen with its state.
const { appendFileSync, existsSync, mkdirSync, readFileSync } = require('node:fs')
const { join } = require('node:path')

const [flag, id] = process.argv.slice(2)
if (flag === '--version') {
  console.log('mybot 1.0.0')
  process.exit(0)
}
const folder = join(process.env.HOME, '.mybot')
const record = join(folder, `${id}.jsonl`)
mkdirSync(folder, { recursive: true })
const said = existsSync(record) ? readFileSync(record, 'utf8').trim().split('\n').map(JSON.parse) : []
if (flag === '--resume' && said.length === 0) {
  console.error(`no conversation ${id}`)
  process.exit(1)
}
let [draft, isBusy, isPaste] = ['', false, false]

function draw() {
  const shown = [...said.map(({ text }) => text), '', isBusy ? 'esc to stop' : `> ${draft}`].join('\n')
  process.stdout.write(`\x1b[H\x1b[2J\x1b[?2004h${shown.replaceAll('\n', '\r\n')}`)
}

function take() {
  const turn = { role: 'user', text: draft }
  said.push(turn)
  appendFileSync(record, `${JSON.stringify(turn)}\n`)
  ;[draft, isBusy] = ['', true]
  setTimeout(() => {
    isBusy = false
    draw()
  }, 500)
}

process.stdin.setRawMode(true).setEncoding('utf8')
process.stdin.on('data', keys => {
  for (const [key] of keys.matchAll(/\x1b\[20[01]~|[\s\S]/gu)) {
    if (key.length > 2) isPaste = key.includes('200')
    else if (key !== '\r' && key !== '\n') draft += key
    else if (isPaste) draft += '\n'
    else if (draft.trim() !== '') take()
  }
  draw()
})
draw()
