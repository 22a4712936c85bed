import { spawnSync } from 'node:child_process'
import { openSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { bootId, bootTimeSec, hostName } from '#lib/system/host.ts'
import type { Processes } from '#lib/system/processes.ts'
import { linuxProcesses, parseStat } from '#lib/system/processes-linux.ts'
import { macProcesses, parseFiles, parseTable } from '#lib/system/processes-mac.ts'
import { until, World } from './world.ts'

let world: World
const make = () => (world = new World())
afterEach(() => world?.close())

const TAIL = 'S 1 5 5 0 -1 4194304 99 0 0 0 0 0 0 0 20 0 1 0 2717 5869568 480 0'

describe('a line of /proc/PID/stat', () => {
  it.each([
    ['a plain name', 'sleep'],
    ['spaces and parentheses', 'a) R 9 (b'],
    ['a name that is a line', 'tmux: server\n1 (x) S 7'],
    ['no name', ''],
    ['a name that spells a whole line', `x) ${TAIL.replace('2717', '1')} (y`],
  ])('is read with %s', (_, comm) => {
    expect(parseStat(`42 (${comm}) ${TAIL}\n`)).toEqual({
      state: 'present',
      process: { pid: 42, ppid: 1, start: '2717', comm },
    })
  })

  it('of a zombie is absent, unless its other threads still run', () => {
    expect(parseStat(`42 (x) ${TAIL.replace('S', 'Z')}`)).toEqual({ state: 'absent' })
    expect(parseStat(`42 (x) ${TAIL.replace('S', 'Z').replace('20 0 1 0', '20 0 3 0')}`).state).toBe('present')
  })

  it.each(['', 'x', '42 (sleep', '42 (sleep) S', '42 (sleep) S 1 2 3'])('cut off is unknown: %j', line => {
    expect(parseStat(line)).toEqual({ state: 'unknown' })
  })
})

const PLATFORMS: [string, () => Processes][] = [
  ['/proc', linuxProcesses],
  ['ps and lsof', macProcesses],
]

describe.each(PLATFORMS)('processes by %s', (_, processes) => {
  it('tells a living process, its parent, arguments, folder and open files', async () => {
    make()
    const held = world.write('locks/a é.lock', '')
    const script = `require('fs').openSync(process.argv[1]); setInterval(() => {}, 1000)`
    const pid = world.start(process.execPath, ['-e', script, held])
    await until('the file is open', () => linuxProcesses().openFiles(pid)?.includes(held))
    const now = processes()
    const look = now.look(pid)
    if (look.state !== 'present') throw new Error(look.state)
    expect(look.process).toMatchObject({ pid, ppid: process.pid })
    expect(now.argv(pid)[0]).toBe(process.execPath)
    expect(now.cwd(pid)).toBe(world.home)
    expect(now.openFiles(pid)).toContain(held)
    expect(now.children(process.pid).map(child => child.pid)).toContain(pid)
    expect(now.all()?.some(other => other.pid === pid)).toBe(true)
    expect(Math.abs((now.startedAt(look.process) ?? 0) - Date.now() / 1000)).toBeLessThan(30)
    expect(processes().look(pid)).toEqual(look)
  })

  it('calls a dead one and a zombie absent, and nonsense unknown', async () => {
    make()
    const dead = spawnSync('true').pid
    expect(processes().look(dead)).toEqual({ state: 'absent' })
    // The child ends once its parent has become a program that never asks for it.
    const child = 'until [ "$(cat /proc/$$/comm)" = sleep ]; do sleep 0.05; done'
    const parent = world.start('bash', ['-c', `(${child}) & exec sleep 60`])
    const zombie = await until('a zombie', () => {
      const found = spawnSync('ps', ['-o', 'pid=,stat=', '--ppid', String(parent)], { encoding: 'utf8' }).stdout
      return / Z/.test(found) && Number(found.trim().split(/ +/)[0])
    })
    expect(processes().look(zombie)).toEqual({ state: 'absent' })
    for (const nonsense of [0, -1, 1.5, Number.NaN]) expect(processes().look(nonsense).state).toBe('unknown')
  })
})

describe('on Linux', () => {
  it('children of every thread are found', async () => {
    make()
    const script = `new (require('worker_threads').Worker)("require('child_process').spawn('sleep', ['60'])", {eval: true})`
    const pid = world.start(process.execPath, ['-e', `${script}; setInterval(() => {}, 1000)`])
    const [child] = await until('a child', () => {
      const found = linuxProcesses().children(pid)
      return found.some(entry => entry.comm === 'sleep') && found
    })
    expect(child?.ppid).toBe(pid)
  })

  it('a list of children longer than a page is read to its end', async () => {
    make()
    const pid = world.start('bash', ['-c', 'for i in $(seq 900); do sleep 60 & done; wait'])
    await until('900 children', () => linuxProcesses().children(pid).length === 900, 15_000)
  })

  it('an argument list longer than the buffer is read to its end', async () => {
    make()
    const long = 'x'.repeat(100_000)
    const pid = world.start('sleep', ['60', '0'.repeat(90_000), '0'.repeat(90_000)])
    await until('exec', () => linuxProcesses().argv(pid)[0] === 'sleep')
    expect(
      linuxProcesses()
        .argv(pid)
        .map(arg => arg.length),
    ).toEqual([5, 2, 90_000, 90_000])
    expect(long.length).toBeGreaterThan(65_536)
  })

  it('a file removed while it is held open does not pass for the file', () => {
    make()
    const path = world.write('gone.lock', '')
    const fd = openSync(path, 'r')
    symlinkSync(path, join(world.home, 'link'))
    spawnSync('rm', [path])
    const open = linuxProcesses().openFiles(process.pid) ?? []
    expect(open.some(file => file.endsWith('/gone.lock'))).toBe(false)
    expect(fd).toBeGreaterThan(0)
  })

  it('what another user hides is unknown, not absent', () => {
    // /proc mounted with hidepid shows nothing of others; the answer is the same for a /proc that is not there at all.
    const script = `import { linuxProcesses } from '${process.cwd()}/lib/system/processes-linux.ts'
      console.log(JSON.stringify([linuxProcesses().look(process.ppid), linuxProcesses().all() ?? null]))`
    const args = [
      '--mount',
      'bash',
      '-c',
      'mount -t tmpfs none /proc && exec "$@"',
      'x',
      process.execPath,
      '--import',
      'tsx',
    ]
    const result = spawnSync('unshare', [...args, '--input-type=module', '-e', script], { encoding: 'utf8' })
    if (result.status !== 0) {
      expect(result.stderr, 'this machine lets nobody unmount /proc').toMatch(/unshare|mount|permi|not found/i)
      return
    }
    expect(JSON.parse(result.stdout)).toEqual([{ state: 'unknown' }, null])
  })

  it('this machine has a name, a boot and a boot time in the past', () => {
    expect(hostName()).toBeTruthy()
    expect(bootId()).toMatch(/^[0-9a-f-]{36}$/)
    expect(bootTimeSec()).toBeLessThan(Date.now() / 1000)
  })
})

describe('on macOS', () => {
  it('the table of ps is read: a path with spaces, no zombies, one space between words', () => {
    const table = parseTable(
      [
        '    1     0 Ss   Sat Nov 21 06:35:00 2026 /sbin/launchd',
        ' 4001  4000 S+   Sat Nov  1 06:35:01 2026 /Users/a b/Apps/claude',
        ' 4002  4000 Z    Sat Nov 21 06:35:01 2026 (claude)',
        'garbage',
      ].join('\n'),
    )
    expect([...(table?.keys() ?? [])]).toEqual([1, 4001])
    expect(table?.get(4001)).toEqual({ pid: 4001, ppid: 4000, start: 'Sat Nov 1 06:35:01 2026', comm: 'claude' })
  })

  it('no answer is no table: everything is unknown then', () => {
    expect(parseTable(undefined)).toBeUndefined()
    expect(parseTable('ps: illegal option')).toBeUndefined()
  })

  it('the fields of lsof are read, with bytes it wrote as \\x', () => {
    const files = parseFiles('p4001\nfcwd\nn/work/\\xc3\\xa9\nftxt\nn/bin/x\nf12\nn/a/b.lock\nf13\nnpipe\n')
    expect(files).toEqual({ cwd: '/work/é', paths: ['/a/b.lock'] })
  })
})
