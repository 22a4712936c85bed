#!/usr/bin/env node
// Behaves like `hermes kanban` 0.20.0 on a board of one card: its forms, its exit codes, its words. What it is told to do
// besides (hang, be slow, fail) stands in mode.json, by verb.
const { appendFileSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')

const folder = process.env.HERMES_STAND_IN
const read = (name, otherwise) => {
  const path = join(folder, name)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : otherwise
}
const write = (name, value) => {
  const path = join(folder, name)
  writeFileSync(`${path}.${process.pid}`, JSON.stringify(value))
  renameSync(`${path}.${process.pid}`, path)
}
const leave = (code, text) => {
  const stream = code === 0 ? process.stdout : process.stderr
  stream.write(`${text}\n`, () => process.exit(code))
  // Nothing behind it is done.
  throw undefined
}
/** For ever, or as long as its test has a folder. */
const hang = () => setInterval(() => existsSync(folder) || process.kill(process.pid, 'SIGKILL'), 500)
const usage = text => leave(2, `usage: hermes kanban …\nhermes kanban: error: ${text}`)
const now = () => Math.floor(Date.now() / 1000)

/** Reads words as Python's argparse does: flags anywhere before `--`, an operand that begins with a dash is refused, and
 * what is one run of operands (`block ID reason…`) may not be cut in two by a flag. */
function parse(words, flags, fewest, most) {
  const [operands, values] = [[], {}]
  let [isOpen, runs, isInRun] = [true, 0, false]
  for (let at = 0; at < words.length; at++) {
    const word = words[at]
    if (isOpen && word === '--') {
      isOpen = false
      continue
    }
    if (isOpen && word.startsWith('-') && word !== '-') {
      isInRun = false
      if (!(word in flags)) usage(`unrecognized arguments: ${word}`)
      if (flags[word] === false) values[word] = true
      else {
        const value = words[++at]
        if (value === undefined || value.startsWith('-')) usage(`argument ${word}: expected one argument`)
        if (flags[word] === 'list') values[word] = [...(values[word] ?? []), value]
        else values[word] = value
      }
      continue
    }
    if (!isInRun) runs++
    isInRun = true
    operands.push(word)
  }
  if (operands.length < fewest) usage('the following arguments are required')
  if (operands.length > most || runs > 1) usage(`unrecognized arguments: ${operands.slice(1).join(' ')}`)
  return { operands, values }
}

const VERBS = {
  comment(words) {
    const { operands, values } = parse(words, { '--author': true, '--json': false }, 2, 99)
    const [id, ...text] = operands
    const body = text.join(' ').trim()
    if (body === '') leave(1, 'kanban: comment body is required')
    card(id)
    const comments = read('comments.json', [])
    write('comments.json', [
      ...comments,
      { author: values['--author'] ?? (process.env.HERMES_PROFILE || 'user'), body, created_at: now() },
    ])
    leave(0, `Comment added to ${id}`)
  },
  show(words) {
    const { operands, values } = parse(words, { '--json': false }, 1, 1)
    const task = card(operands[0])
    if (!values['--json']) leave(0, `Task ${task.id}`)
    const rest = { latest_summary: null, parents: [], children: [], events: [], runs: [] }
    leave(0, JSON.stringify({ task, ...rest, comments: read('comments.json', []) }, null, 2))
  },
  heartbeat(words) {
    const { operands } = parse(words, { '--note': true }, 1, 1)
    if (card(operands[0]).status !== 'running') leave(1, `cannot heartbeat ${operands[0]} (not running?)`)
    leave(0, `Heartbeat recorded for ${operands[0]}`)
  },
  block(words) {
    const { operands, values } = parse(words, { '--kind': true, '--ids': 'list' }, 1, 99)
    const [id, ...reason] = operands
    const kind = values['--kind']
    const kinds = ['dependency', 'needs_input', 'capability', 'transient']
    if (kind !== undefined && !kinds.includes(kind)) usage(`argument --kind: invalid choice: '${kind}'`)
    const task = card(id)
    if (task.status !== 'running' && task.status !== 'ready') leave(1, `cannot block ${id}`)
    write('card.json', { ...task, status: 'blocked', reason: reason.join(' '), kind })
    leave(0, `Blocked ${id}`)
  },
  complete(words) {
    const { operands, values } = parse(words, { '--summary': true, '--metadata': true, '--result': true }, 1, 99)
    const task = card(operands[0])
    if (task.status === 'done') leave(1, `cannot complete ${operands[0]} (unknown id or terminal state)`)
    write('card.json', { ...task, status: 'done', summary: values['--summary'] })
    leave(0, `Completed ${operands[0]}`)
  },
  create(words) {
    const flags = { '--assignee': true, '--workspace': true, '--max-runtime': true, '--skill': 'list', '--json': false }
    Object.assign(flags, { '--idempotency-key': true, '--body': true, '--max-retries': true, '--goal': false })
    const { operands, values } = parse(words, flags, 1, 1)
    const workspace = values['--workspace'] ?? 'scratch'
    if (!/^(?:scratch$|worktree|dir:.)/s.test(workspace)) leave(2, 'kanban: unknown --workspace value')
    if (!/^\d+[smhd]?$/.test(values['--max-runtime'] ?? '1')) leave(2, 'kanban: --max-runtime: malformed duration')
    if ((values['--skill'] ?? []).some(name => name.includes(','))) leave(1, 'kanban: --skill takes one name')
    const known = read('card.json', undefined)
    const same = known !== undefined && known.idempotency_key === values['--idempotency-key']
    const made = {
      id: 't_0000c0de',
      title: operands[0],
      body: values['--body'],
      assignee: values['--assignee'],
      status: 'ready',
      workspace_path: workspace.replace(/^dir:/, '').trim(),
      max_runtime: values['--max-runtime'],
      skills: values['--skill'] ?? [],
      idempotency_key: values['--idempotency-key'],
      board: board ?? 'default',
    }
    if (!same) write('card.json', made)
    const task = same ? known : made
    leave(
      0,
      values['--json'] ? JSON.stringify(task) : `Created ${task.id}  (${task.status}, assignee=${task.assignee})`,
    )
  },
}

function card(id) {
  const task = read('card.json', undefined)
  if (task?.id !== id) leave(1, `no such task: ${id}`)
  return task
}

let words = process.argv.slice(2)
let board
appendFileSync(join(folder, 'argv.jsonl'), `${JSON.stringify(words)}\n`)
// Who runs, and how many did at once: a file each while they do.
const running = join(folder, 'running')
writeFileSync(join(running, String(process.pid)), '')
const others = readdirSync(running).filter(pid => isAlive(Number(pid)))
appendFileSync(join(folder, 'at-once'), `${others.length}\n`)
process.on('exit', () => rmSync(join(running, String(process.pid)), { force: true }))

function isAlive(pid) {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

try {
  if (words[0] !== 'kanban') leave(2, 'hermes: error: invalid choice')
  words = words.slice(1)
  if (words[0] === '--board') [, board, ...words] = words
  const [verb, ...rest] = words
  if (!Object.hasOwn(VERBS, verb)) leave(2, `hermes kanban: error: invalid choice: '${verb}'`)
  const mode = read('mode.json', {})[verb] ?? read('mode.json', {}).every
  // Held: until the test takes the mode away. What hangs hangs beyond that.
  if (mode === 'hang') hang()
  else if (mode === 'hang after') {
    try {
      VERBS[verb](rest)
    } catch {
      // Its answer never comes.
    }
    process.exit = () => {}
    hang()
  } else if (mode === 'busy') leave(1, 'kanban: could not initialize database: database is locked')
  else if (mode === 'crash')
    leave(1, 'Traceback (most recent call last):\n  …\nsqlite3.OperationalError: database is locked')
  else if (mode === 'usage') leave(2, 'hermes kanban: error: unrecognized arguments')
  else if (mode === 'nonsense') leave(0, 'not what was asked for')
  else if (mode === 'slow')
    setTimeout(() => {
      try {
        VERBS[verb](rest)
      } catch (thrown) {
        if (thrown !== undefined) throw thrown
      }
    }, 700)
  else VERBS[verb](rest)
} catch (thrown) {
  if (thrown !== undefined) throw thrown
}
