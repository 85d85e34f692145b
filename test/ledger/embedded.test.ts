import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { completeLinks } from '../../src/ledger/embedded/binaries.ts'
import { lockDirectory } from '../../src/ledger/embedded/lock.ts'
import { asOwner, withReach } from '../../src/ledger/embedded/owner.ts'
import { startEmbedded } from '../../src/ledger/embedded/embedded.ts'
import type { Embedded } from '../../src/ledger/embedded/embedded.ts'
import { isRunning } from '../../src/ledger/processes.ts'
import { makeFolder } from '../support/folder.ts'

const folder = makeFolder()
const dataDir = join(folder.path, 'data')
const home = join(dataDir, 'postgres')
const said: string[] = []
const isRoot = process.getuid?.() === 0

const start = () => startEmbedded({ dataDir, say: (name, fields) => { said.push(`${name} ${JSON.stringify(fields)}`) } })
const running: Embedded[] = []
const engine = async () => {
  const embedded = await start()
  running.push(embedded)
  return embedded
}

/** An engine in a process of its own, for killing. */
const children: ChildProcess[] = []
const killable = async (directory = dataDir): Promise<{ child: ChildProcess; url: Promise<string> }> => {
  const source = new URL('../../src/ledger/embedded/embedded.ts', import.meta.url).href
  const program = `import { startEmbedded } from ${JSON.stringify(source)}; const { url } = await startEmbedded({ dataDir: ${JSON.stringify(directory)}, say: () => {} }); console.log(url); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  const url = once(child.stdout!.setEncoding('utf8'), 'data').then(([line]) => String(line).trim())
  return { child, url }
}
const kill = async (child: ChildProcess) => {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

const query = async (url: string, statement: string) => {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  client.on('error', () => {})
  await client.connect()
  return client.query(statement).finally(() => client.end())
}
const groupOf = (pid: number) => spawnSync('ps', ['-o', 'pgid=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim()
const serverPid = () => Number(readFileSync(join(home, 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0])
const until = async (check: () => boolean | Promise<boolean>) => {
  while (!(await check())) await new Promise((resolve) => { setTimeout(resolve, 5) })
}
const timed = async <T>(work: Promise<T>) => {
  const began = performance.now()
  return [await work, performance.now() - began] as const
}

afterEach(async () => {
  for (const embedded of running.splice(0)) await embedded.stop()
  for (const child of children.splice(0)) if (child.exitCode === null && child.signalCode === null) await kill(child)
})
afterAll(async () => {
  if (existsSync(join(home, 'cluster', 'postmaster.pid'))) await (await start()).stop()
  folder.remove()
})

describe('a fresh directory', () => {
  let embedded: Embedded
  beforeAll(async () => {
    embedded = await start()
  })
  afterAll(() => embedded.stop())

  test('gets a durable UTF-8 database that a first statement can use', async () => {
    const { rows } = await query(embedded.url, `select current_setting('fsync') fsync, current_setting('synchronous_commit') commit, current_setting('full_page_writes') pages,
      current_setting('server_encoding') encoding, current_setting('data_checksums') checksums, current_setting('listen_addresses') listens, upper('é') upper, current_database() name`)
    expect(rows).toEqual([{ fsync: 'on', commit: 'on', pages: 'on', encoding: 'UTF8', checksums: 'on', listens: '127.0.0.1', upper: 'É', name: 'openletter' }])
  })

  test('lets nobody in without the password, which nobody else can read', async () => {
    const password = readFileSync(join(home, 'password'), 'utf8').trim()
    expect(password.length).toBeGreaterThanOrEqual(32)
    expect(embedded.url).toContain(password)
    for (const path of [home, join(home, 'password'), join(home, 'cluster'), join(home, 'log')]) expect(statSync(path).mode & 0o077).toBe(0)
    const other = new URL(embedded.url)
    other.password = 'guess'
    await expect(query(other.href, 'select 1')).rejects.toMatchObject({ code: '28P01' })
    other.username = 'postgres'
    other.password = password
    await expect(query(other.href, 'select 1')).rejects.toMatchObject({ code: '28P01' })
  })

  test('is refused to a second engine, which leaves the first one\'s server alone', async () => {
    await expect(start()).rejects.toMatchObject({ code: 'EMBEDDED_POSTGRES', detail: expect.stringContaining(`process ${process.pid}`) })
    const { child } = await killable()
    expect(await text(child.stderr!)).toContain(`Another engine (process ${process.pid})`)
    expect((await query(embedded.url, 'select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  test('writes no statement and no value of a failed one to its log', async () => {
    await query(embedded.url, 'create table people (name text primary key check (name <> \'Ada Example\'))')
    await query(embedded.url, 'insert into people values (\'Ada Example\')').catch(() => {})
    await query(embedded.url, 'select \'Ada Example\'::integer').catch(() => {})
    expect(readFileSync(join(home, 'log'), 'utf8')).not.toContain('Ada')
  })

  test('belongs to the system user postgres when the engine is root, else to the engine\'s own', () => {
    const mine = process.getuid?.() ?? 0
    const theirs = Number(spawnSync('id', ['-u', 'postgres'], { encoding: 'utf8' }).stdout)
    expect(statSync(join(home, 'cluster')).uid).toBe(isRoot ? theirs : mine)
  })

  test('is not held by the engine\'s process group, so that Ctrl-C reaches the engine alone', () => {
    expect(groupOf(serverPid())).not.toBe(groupOf(process.pid))
  })
})

test('what was stored is there after a stop and a start, and nothing runs in between', async () => {
  const first = await engine()
  await query(first.url, 'create table kept as select 7 as n')
  const pid = serverPid()
  await first.stop()
  await first.stop()
  expect(await isRunning(pid)).toBe(false)
  expect(existsSync(join(home, 'engine.pid'))).toBe(false)
  expect((await query((await engine()).url, 'select n from kept')).rows).toEqual([{ n: 7 }])
})

test('a killed engine\'s server is found again at once, twice in a row, with all that was committed', async () => {
  for (const n of [1, 2]) {
    const { child, url } = await killable()
    await query(await url, `create table killed_${n} as select ${n} as n`)
    const pid = serverPid()
    await kill(child)
    expect(await isRunning(pid)).toBe(true)
  }
  const pid = serverPid()
  const [embedded, ms] = await timed(engine())
  expect(serverPid()).toBe(pid)
  expect(said.at(-1)).toContain('adopted')
  expect(ms).toBeLessThan(2_000)
  expect((await query(embedded.url, 'select n from killed_1 union all select n from killed_2')).rows).toEqual([{ n: 1 }, { n: 2 }])
})

test('an engine and its server, both killed, start again at once', async () => {
  const { child, url } = await killable()
  await query(await url, 'create table twice as select 1 as n')
  const pid = serverPid()
  process.kill(pid, 'SIGKILL')
  await kill(child)
  const [embedded, ms] = await timed(engine())
  expect(ms).toBeLessThan(5_000)
  expect(serverPid()).not.toBe(pid)
  expect((await query(embedded.url, 'select n from twice')).rows).toEqual([{ n: 1 }])
})

test('a server that dies under a running engine is started again at the same address', async () => {
  const embedded = await engine()
  await query(embedded.url, 'create table died as select 1 as n')
  said.length = 0
  process.kill(serverPid(), 'SIGKILL')
  await until(() => said.some((line) => line.startsWith('database_started')))
  expect(said[0]).toContain('part_failed')
  expect((await query(embedded.url, 'select n from died')).rows).toEqual([{ n: 1 }])
  const pid = serverPid()
  await embedded.stop()
  expect(await isRunning(pid)).toBe(false)
})

describe('a pid file left behind', () => {
  const leave = (pid: number) => writeFileSync(join(home, 'cluster', 'postmaster.pid'), `${pid}\n${join(home, 'cluster')}\n1\n1\n\n127.0.0.1\n1 1\nready   \n`)
  const startsWith = async (pid: number) => {
    await (await start()).stop()
    leave(pid)
    const [embedded, ms] = await timed(engine())
    expect(ms).toBeLessThan(5_000)
    expect(said.at(-1)).toContain('started')
    expect((await query(embedded.url, 'select 1 as one')).rows).toEqual([{ one: 1 }])
  }

  test('by a server long gone is no hindrance', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', ''])
    await startsWith(pid)
  })

  test('whose number another program has by now is no hindrance, and that program lives on', async () => {
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    children.push(other)
    await startsWith(other.pid!)
    expect(await isRunning(other.pid!)).toBe(true)
  })

  const onLinux = process.platform === 'linux' ? describe : describe.skip
  onLinux('on Linux', () => test('by a zombie is no hindrance', async () => {
    // The shell starts a child and turns into a program that never asks how that ended.
    const parent = spawn('/bin/sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] })
    children.push(parent)
    const [said] = (await once(parent.stdout!, 'data')) as [Buffer]
    const pid = Number(said.toString())
    await until(() => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '))
    expect(await isRunning(pid)).toBe(false)
    await startsWith(pid)
  }))
})

test('the engine\'s lock is not held by a dead engine, nor by another program with its number', async () => {
  const path = join(folder.path, 'lock')
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  writeFileSync(path, `${pid}\n123\n`)
  await (await lockDirectory(path))()
  writeFileSync(path, `${process.ppid}\nanother start time\n`)
  const unlock = await lockDirectory(path)
  await expect(lockDirectory(path)).rejects.toMatchObject({ code: 'EMBEDDED_POSTGRES' })
  await unlock()
  expect(existsSync(path)).toBe(false)
})

describe('a first start that is killed', () => {
  const fresh = join(folder.path, 'interrupted')
  const inside = join(fresh, 'postgres')
  const names = () => (existsSync(inside) ? readdirSync(inside) : [])
  const unfinished = () => names().find((name) => name.startsWith('unfinished-'))

  test('in the middle of making the database is made good by the next', async () => {
    const { child } = await killable(fresh)
    await until(() => { const name = unfinished(); return name !== undefined && readdirSync(join(inside, name)).length > 5 })
    await kill(child)
    expect(existsSync(join(inside, 'cluster'))).toBe(false)
    const embedded = await startEmbedded({ dataDir: fresh, say: () => {} })
    try {
      expect((await query(embedded.url, 'select 1 as one')).rows).toEqual([{ one: 1 }])
      expect(unfinished()).toBeUndefined()
    } finally {
      await embedded.stop()
    }
  })

  test('and data without its password is said, not overwritten', async () => {
    rmSync(join(inside, 'password'))
    await expect(startEmbedded({ dataDir: fresh, say: () => {} })).rejects.toMatchObject({ code: 'EMBEDDED_POSTGRES', detail: expect.stringContaining('password is missing') })
    expect(existsSync(join(inside, 'cluster', 'PG_VERSION'))).toBe(true)
    expect(names()).not.toContain('engine.pid')
  })
})

test('another program\'s port is not fought over', async () => {
  const first = await engine()
  const port = new URL(first.url).port
  await first.stop()
  const squatter = createServer().listen(Number(port), '127.0.0.1')
  await once(squatter, 'listening')
  try {
    const { url } = await engine()
    expect(new URL(url).port).not.toBe(String((squatter.address() as AddressInfo).port))
  } finally {
    squatter.close()
  }
})

const asRoot = isRoot ? describe : describe.skip
asRoot('as root', () => {
  const behindAWall = () => {
    const wall = join(folder.path, 'wall')
    mkdirSync(wall, { recursive: true })
    chmodSync(wall, 0o700)
    return wall
  }

  test('it runs below a directory that is root\'s alone, as a project under /root would be', async () => {
    const inner = await startEmbedded({ dataDir: join(behindAWall(), 'data'), say: () => {} })
    try {
      expect((await query(inner.url, 'select 1 as one')).rows).toEqual([{ one: 1 }])
    } finally {
      await inner.stop()
    }
  })

  test('a program behind the wall is found by those who ask access(2), as initdb does', () => {
    const program = join(behindAWall(), 'program')
    copyFileSync('/bin/true', program)
    const owner = withReach({ uid: 65534, gid: 65534 }, [program])
    expect(owner.passing).toBeDefined()
    const asked = asOwner(owner, process.execPath, ['-e', 'require("node:fs").accessSync(process.argv[1], 1); console.log(process.getuid())', program])
    const { status, stdout } = spawnSync(asked.program, [...asked.args], { ...asked.as, cwd: '/', encoding: 'utf8' })
    expect([status, stdout.trim()]).toEqual([0, '65534'])
  })

  test('what nothing helps with is named, with what to do', () => {
    const missing = join(behindAWall(), 'not-there')
    expect(() => withReach({ uid: 65534, gid: 65534 }, [missing])).toThrow(expect.objectContaining({ code: 'EMBEDDED_POSTGRES', detail: expect.stringContaining(`chmod o+x ${dirname(missing)}`) }))
    expect(withReach({ uid: 65534, gid: 65534 }, ['/bin/sh'])).toEqual({ uid: 65534, gid: 65534 })
  })

  test('files that came back from a backup as root\'s are given to the server\'s user', async () => {
    await (await start()).stop()
    expect(spawnSync('chown', ['-R', 'root:root', home]).status).toBe(0)
    expect((await query((await engine()).url, 'select 1 as one')).rows).toEqual([{ one: 1 }])
  })
})

describe('library links that the package\'s install script did not make', () => {
  const makePackage = (name: string, target: string) => {
    const root = join(folder.path, name)
    mkdirSync(join(root, 'native', 'lib'), { recursive: true })
    writeFileSync(join(root, 'native', 'lib', 'libx.so.1.2'), 'library')
    writeFileSync(join(root, 'native', 'pg-symlinks.json'), JSON.stringify([{ source: 'native/lib/libx.so.1.2', target: 'native/lib/libx.so' }, { source: 'native/lib/libx.so.1.2', target }]))
    symlinkSync('libx.so.1.2', join(root, 'native', 'lib', 'libx.so'))
    return root
  }

  test('are made in the package', async () => {
    const root = makePackage('writable', 'native/lib/libx.so.1')
    expect(await completeLinks(root, join(root, 'spare'))).toBeUndefined()
    expect(readlinkSync(join(root, 'native', 'lib', 'libx.so.1'))).toBe('libx.so.1.2')
    expect(await completeLinks(root, join(root, 'spare'))).toBeUndefined()
  })

  test('are made elsewhere if the package cannot be written to', async () => {
    const root = makePackage('unwritable', 'native/no-such-folder/libx.so.1')
    const spare = join(folder.path, 'spare')
    expect(await completeLinks(root, spare)).toBe(spare)
    expect(readFileSync(join(spare, 'libx.so.1'), 'utf8')).toBe('library')
  })
})
