// Loaded before a program (`--require`): notes the mode of every file and folder in the moment it is made, and every change of
// a mode, below $RECORD_BELOW, as lines of JSON in $RECORD_INTO.
const fs = require('node:fs')
const { syncBuiltinESMExports } = require('node:module')
const { resolve } = require('node:path')

const below = process.env.RECORD_BELOW
const { lstatSync, appendFileSync, readlinkSync } = fs
const isOurs = path => typeof path === 'string' && `${resolve(path)}/`.startsWith(`${below}/`)
const look = path => lstatSync(path, { throwIfNoEntry: false })

function note(call, path) {
  const mode = look(path)?.mode
  if (mode !== undefined)
    appendFileSync(process.env.RECORD_INTO, `${JSON.stringify({ call, path, mode: mode & 0o7777 })}\n`)
}

for (const name of [
  'openSync',
  'mkdirSync',
  'writeFileSync',
  'appendFileSync',
  'copyFileSync',
  'mkdtempSync',
  'cpSync',
]) {
  const plain = fs[name]
  // Two paths: what is made is the second.
  const place = name.startsWith('c') ? 1 : 0
  fs[name] = (...words) => {
    const path = words[place]
    const isNew = isOurs(path) && look(path) === undefined
    const answer = plain.apply(fs, words)
    if (isNew) note(name, path)
    return answer
  }
}
for (const name of ['open', 'mkdir', 'writeFile', 'appendFile']) {
  const plain = fs[name]
  fs[name] = (path, ...words) => {
    const isNew = isOurs(path) && look(path) === undefined
    const done = words.pop()
    return plain.call(fs, path, ...words, (...answer) => {
      if (isNew) note(name, path)
      done(...answer)
    })
  }
}
// A change of mode is told with the mode before it: what it closes was open.
for (const name of ['chmodSync', 'fchmodSync', 'lchmodSync', 'chmod', 'fchmod']) {
  const plain = fs[name]
  if (plain === undefined) continue
  fs[name] = (target, ...words) => {
    const path = typeof target === 'number' ? readlinkSync(`/proc/self/fd/${target}`) : target
    if (isOurs(path)) note(name, path)
    return plain.call(fs, target, ...words)
  }
}
for (const name of ['open', 'mkdir', 'writeFile', 'appendFile', 'mkdtemp']) {
  const plain = fs.promises[name]
  fs.promises[name] = async (path, ...words) => {
    const isNew = isOurs(path) && look(path) === undefined
    const answer = await plain.call(fs.promises, path, ...words)
    if (isNew) note(`promises.${name}`, path)
    return answer
  }
}
syncBuiltinESMExports()
