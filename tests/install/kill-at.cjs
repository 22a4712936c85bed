// Loaded before a program (`--require`): it is killed just before its step number $KILL_AT below $KILL_BELOW, so that each
// moment of its work is met, however fast it is.
const fs = require('node:fs')
const { syncBuiltinESMExports } = require('node:module')

const below = `${process.env.KILL_BELOW}/`
let left = Number(process.env.KILL_AT)
for (const name of ['mkdirSync', 'renameSync', 'rmSync', 'symlinkSync', 'writeFileSync']) {
  const plain = fs[name]
  fs[name] = (...words) => {
    const isStep = words.slice(0, 2).some(word => typeof word === 'string' && word.startsWith(below))
    if (isStep && --left === 0) process.kill(process.pid, 'SIGKILL')
    return plain.apply(fs, words)
  }
}
syncBuiltinESMExports()
