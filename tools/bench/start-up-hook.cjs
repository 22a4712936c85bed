/** Loaded before the program with `node -r`: notes what it loads, opens and starts, and where its time goes, into the file that
 * `BENCH_PROFILE` names. Files are those opened by the program, not the modules that Node reads. */
const fs = require('node:fs')
const Module = require('node:module')
const { isAbsolute } = require('node:path')
const vm = require('node:vm')

const target = process.env.BENCH_PROFILE
// What the program starts is none of ours.
delete process.env.BENCH_PROFILE

const modules = []
const builtins = new Set()
const processes = []
const files = new Set()
let depth = 0

const compile = Module.prototype._compile
Module.prototype._compile = function (text, path, ...rest) {
  // Not the text of `-e`.
  if (isAbsolute(path)) modules.push({ path, bytes: Buffer.byteLength(text) })
  return compile.call(this, text, path, ...rest)
}

const load = Module._load
Module._load = function (name, ...rest) {
  const isBuiltin = Module.isBuiltin(name)
  if (isBuiltin) builtins.add(name.replace(/^node:/, ''))
  else depth++
  try {
    const loaded = load.call(this, name, ...rest)
    if (/^(node:)?child_process$/.test(name)) watchProcesses(loaded)
    return loaded
  } finally {
    if (!isBuiltin) depth--
  }
}

let isWatching = false
function watchProcesses(child) {
  if (isWatching) return
  isWatching = true
  const wrap = (object, name, wordsOf) => {
    const plain = object[name]
    object[name] = function (...args) {
      processes.push(wordsOf(...args))
      return plain.apply(this, args)
    }
  }
  wrap(child.ChildProcess.prototype, 'spawn', ({ file }) => file)
  for (const name of ['spawnSync', 'execFileSync', 'execSync']) wrap(child, name, program => program)
}

function watchFiles(object, names) {
  for (const name of names) {
    const plain = object[name]
    object[name] = function (path, ...rest) {
      if (depth === 0 && typeof path !== 'number') files.add(String(path))
      return plain.call(this, path, ...rest)
    }
  }
}
watchFiles(fs, ['openSync', 'readFileSync', 'readdirSync', 'opendirSync', 'open', 'readFile', 'readdir'])
watchFiles(fs.promises, ['open', 'readFile', 'readdir', 'opendir'])

process.on('exit', () => {
  const totalMs = performance.now()
  const idleMs = performance.eventLoopUtilization().idle
  const bootMs = performance.nodeTiming.bootstrapComplete
  // Under another name, or V8 would remember it. What is compiled only when a function is first called counts as run.
  const began = performance.now()
  for (const [i, { path }] of modules.entries())
    new vm.Script(Module.wrap(fs.readFileSync(path, 'utf8').replace(/^#!/, '//')), { filename: `compiled-${i}` })
  const compileMs = performance.now() - began
  const times = { totalMs, idleMs, bootMs, compileMs }
  const found = { modules, builtins: [...builtins], processes, files: [...files], ...times }
  fs.writeFileSync(target, JSON.stringify(found))
})
