// Several engines on one folder, and engines that die in the middle: each upload is taken, by one of them, and ends in
// done once.
import { afterAll, afterEach, describe, expect, test } from '@jest/globals'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startFolderFeed } from '../../../src/intake/folder/folder.ts'
import { aFolderFeed, done, folderStand, keptContent, removeFolderStore, type FolderStand } from '../../support/folder-feed.ts'
import { anAccepted, sha256Of } from '../../support/http-feed.ts'
import { aPdf } from '../../support/pdf.ts'
import { until } from '../../support/until.ts'
import { anUpload } from '../../support/upload.ts'
import type { ChildOptions } from '../../support/folder-child.ts'

let stand: FolderStand
const children: ChildProcess[] = []
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) { child.kill('SIGKILL'); await once(child, 'close') }
  }
  await stand.close()
})
afterAll(removeFolderStore)

const PROGRAM = fileURLToPath(new URL('../../support/folder-child.ts', import.meta.url))
type Line = { readonly documentId?: string; readonly fingerprint?: string; readonly sha256?: string; readonly rejected?: string }
const ledgerOf = (): string => join(stand.path, '..', 'ledger')
const taken = (): readonly Line[] => (existsSync(ledgerOf()) ? readFileSync(ledgerOf(), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Line) : [])

const child = async (more: Partial<ChildOptions> = {}, user: { uid?: number; gid?: number } = {}): Promise<ChildProcess & { out(): string }> => {
  const options: ChildOptions = { path: stand.path, content: join((await keptContent()).store), ledger: ledgerOf(), feed: aFolderFeed({ folder: stand.path }), ...more }
  const one = spawn(process.execPath, [PROGRAM, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'], ...user })
  children.push(one)
  let out = ''
  one.stdout.setEncoding('utf8').on('data', (text: string) => { out += text })
  return Object.assign(one, { out: () => out })
}
const ended = async (one: ChildProcess): Promise<void> => { if (one.exitCode === null && one.signalCode === null) await once(one, 'close') }

const letterOf = (n: number): Buffer => aPdf({ mark: `letter ${n}`, bytes: 20_000 })
const putLetters = (count: number): void => {
  for (let n = 1; n <= count; n++) {
    stand.put(`${n}.pdf`, letterOf(n))
    stand.putMetadata(`${n}.json`, anUpload({ documentId: `R${n}` }))
  }
}
const allDone = (count: number): readonly string[] => Array.from({ length: count }, (_, n) => [done(`${n + 1}.json`), done(`${n + 1}.pdf`)]).flat().sort()

describe('two engines on one folder', () => {
  test('take each upload once between them', async () => {
    stand = await folderStand({ idle: true })
    const one = await stand.start()
    const other = await stand.start()
    putLetters(40)
    await stand.settled(...allDone(40))
    expect(stand.files()).toEqual(allDone(40))
    expect(stand.taken.map(({ contents }) => contents[0]!.sha256).sort()).toEqual(Array.from({ length: 40 }, (_, n) => sha256Of(letterOf(n + 1))).sort())
    expect(stand.rejected).toEqual([])
    await Promise.all([one.close(), other.close()])
    expect(readdirSync(join(stand.path, 'taking'))).toEqual([])
  })

  test('share the rows of no index, and lose none', async () => {
    stand = await folderStand({ idle: true })
    await stand.start()
    await stand.start()
    for (let n = 1; n <= 20; n++) stand.put(`${n}.pdf`, letterOf(n))
    for (const [name, from] of [['a', 1], ['b', 11]] as const)
      stand.put(`${name}.csv`, `documentId,file\n${Array.from({ length: 10 }, (_, n) => `R${from + n},${from + n}.pdf`).join('\n')}\n`)
    await stand.settled(done('a.csv'), done('b.csv'))
    expect(stand.taken.map(({ skeleton }) => (JSON.parse(skeleton) as { documentId: string }).documentId).sort()).toEqual(Array.from({ length: 20 }, (_, n) => `R${n + 1}`).sort())
  })

  test('leave each other what they have in hand', async () => {
    stand = await folderStand({ idle: true })
    const gate = Promise.withResolvers<void>()
    let asked = 0
    await stand.start({ take: async () => { asked++; await gate.promise; return anAccepted() } })
    putLetters(1)
    await until('the first has it in hand', () => asked === 1)
    const heartbeats = (): number => readdirSync(join(stand.path, 'taking')).filter((name) => !name.startsWith('.')).length
    await stand.start({ take: async () => { asked++; return anAccepted() }, pulse: { beatMs: 1_000, staleMs: 60_000 } })
    await until('the second is there too', () => heartbeats() === 2)
    stand.putMetadata('other.json', anUpload({ documentId: 'R2', event: 'cancelled' }))
    await until('the second took what was free', () => stand.files().includes(done('other.json')))
    expect([asked, stand.taken.length]).toEqual([2, 1])
    gate.resolve()
    await stand.settled(done('1.json'))
    expect(asked).toBe(2)
  })
})

describe('an engine that dies', () => {
  test.each([['stored', 0], ['asked', 0], ['taken', 1], ['ending', 1]] as const)('%s: the next one finishes, and only the ledger may see it twice', async (dieAt, before) => {
    stand = await folderStand({ idle: true })
    mkdirSync(stand.path)
    putLetters(2)
    await ended(await child({ dieAt }))
    expect(taken()).toHaveLength(before)
    expect(stand.files().some((name) => name.startsWith('taking/'))).toBe(true)
    const next = await child()
    await stand.settled(...allDone(2))
    expect(stand.files()).toEqual(allDone(2))
    expect(new Set(taken().map((line) => `${line.documentId} ${line.sha256}`))).toEqual(new Set([1, 2].map((n) => `R${n} ${sha256Of(letterOf(n))}`)))
    expect(new Set(taken().map((line) => line.fingerprint)).size).toBe(2)
    expect(next.out()).toContain('uploads_inherited {"feed":"rio-folder","count":1}')
  })

  test('again and again, at any moment: nothing is lost, and nothing is new twice', async () => {
    stand = await folderStand({ idle: true })
    mkdirSync(stand.path)
    putLetters(30)
    for (let n = 31; n <= 60; n++) stand.put(`${n}.pdf`, letterOf(n))
    const index = `documentId,file\n${Array.from({ length: 30 }, (_, n) => `R${31 + n},${31 + n}.pdf`).join('\n')}\n`
    stand.put('index.csv', index)
    for (const afterMs of [15, 40, 5, 70, 25, 100, 10]) {
      const one = await child({ feed: aFolderFeed({ folder: stand.path, settled_secs: 0.001, poll_secs: 0.005 }) })
      await until('it runs', () => one.out().includes('ready') || one.exitCode !== null)
      await delay(afterMs)
      one.kill('SIGKILL')
      await ended(one)
    }
    await child()
    // Behind an empty name that a dead engine kept, a file is numbered: its letter tells which it is, not its name.
    await until('everything is done', () => stand.files().every((name) => name.startsWith('done/')) && stand.files().filter((name) => readFileSync(join(stand.path, name)).length > 0).length === 91)
    // An engine that dies while it moves a file may leave the empty file that kept its name.
    const kept = stand.files().map((name) => readFileSync(join(stand.path, name))).filter((bytes) => bytes.length > 0).map(sha256Of)
    const put = [...Array.from({ length: 60 }, (_, n) => sha256Of(letterOf(n + 1))), ...Array.from({ length: 30 }, (_, n) => sha256Of(Buffer.from(JSON.stringify(anUpload({ documentId: `R${n + 1}` }))))), sha256Of(Buffer.from(index))]
    expect(kept.sort()).toEqual(put.sort())
    expect(new Set(taken().map((line) => `${line.documentId} ${line.sha256}`)).size).toBe(60)
    expect(new Set(taken().map((line) => line.fingerprint)).size).toBe(60)
    expect(taken().filter((line) => line.rejected)).toEqual([])
  }, 60_000)

  test('elsewhere: what it had is taken over when its heartbeat is old, by the clock of the file system', async () => {
    stand = await folderStand({ idle: true })
    const unit = join(stand.path, 'taking', 'far-away', 'u-1')
    mkdirSync(unit, { recursive: true })
    writeFileSync(join(stand.path, 'taking', 'far-away', 'owner.json'), JSON.stringify({ machine: 'another', pid: 1, mark: '1' }))
    writeFileSync(join(stand.path, 'taking', 'far-away', 'heartbeat'), '.')
    writeFileSync(join(unit, 'letter.json'), JSON.stringify(anUpload({ event: 'cancelled' })))
    const patient = await stand.start({ pulse: { beatMs: 20, staleMs: 600_000 } })
    stand.putMetadata('other.json', anUpload({ documentId: 'R2', event: 'cancelled' }))
    await until('the other one is done', () => stand.files().includes(done('other.json')))
    expect(stand.taken).toHaveLength(1)
    await patient.close()
    await stand.start({ pulse: { beatMs: 20, staleMs: 50 } })
    await stand.settled(done('letter.json'))
    expect(stand.taken).toHaveLength(2)
  })
})

describe('close', () => {
  test('finishes the upload in hand, begins no other, and leaves none claimed', async () => {
    stand = await folderStand({ idle: true })
    const gate = Promise.withResolvers<void>()
    let asked = 0
    const running = await stand.start({ take: async () => { asked++; await gate.promise; return anAccepted() } })
    putLetters(3)
    await until('one is in hand', () => asked === 1)
    const closed = running.close()
    gate.resolve()
    await closed
    expect([asked, stand.files().filter((name) => name.startsWith('done/')).length, stand.files().filter((name) => /^\d\.(?:pdf|json)$/u.test(name)).length]).toEqual([1, 2, 4])
    expect(readdirSync(join(stand.path, 'taking'))).toEqual([])
    await stand.start()
    await stand.settled(...allDone(3))
  })

  test('with the store away: what was in hand is the next one\'s at once', async () => {
    stand = await folderStand({ idle: true })
    const running = await stand.start({ take: async () => { throw new Error('away') } })
    putLetters(1)
    await until('it was tried', () => stand.said.some((line) => line.startsWith('part_failed')))
    await running.close()
    await stand.start()
    await stand.settled(...allDone(1))
    expect(stand.taken).toHaveLength(1)
  })
})

const NOBODY = 65_534
const root = process.getuid?.() === 0
// Root may read everything: then the engine is somebody else, who has to be able to read the program.
const canRun = !root || spawnSync('cat', [PROGRAM], { uid: NOBODY, gid: NOBODY }).status === 0

;(canRun ? describe : describe.skip)('a file that this engine may not read', () => {
  test.each(['letter.json', 'letter.pdf', 'letter.csv'])('%s stays, is said once without its name, does not hold up the others, and is taken when it may', async (name) => {
    stand = await folderStand({ idle: true })
    mkdirSync(stand.path)
    const put = (file: string, bytes: Buffer | string): void => {
      stand.put(file, bytes)
      if (root) chownSync(join(stand.path, file), NOBODY, NOBODY)
    }
    if (root) chownSync(stand.path, NOBODY, NOBODY)
    const content = join(stand.path, '..', 'content')
    const store = join(stand.path, '..')
    chmodSync(store, 0o777)
    put('letter.pdf', letterOf(1))
    put(name.endsWith('.csv') ? 'letter.csv' : 'letter.json', name.endsWith('.csv') ? 'documentId,file\nR1,letter.pdf\n' : JSON.stringify(anUpload({ documentId: 'R1' })))
    chmodSync(join(stand.path, name), 0)
    const one = await child({ content }, root ? { uid: NOBODY, gid: NOBODY } : {})
    await until('it was said', () => one.out().includes('file_unreadable'))
    put('other.pdf', letterOf(2))
    put('other.json', JSON.stringify(anUpload({ documentId: 'R2' })))
    await until('the other one is done', () => stand.files().includes(done('other.json')))
    expect(stand.files()).toEqual(expect.arrayContaining(['letter.pdf', name]))
    expect(one.out().split('\n').filter((line) => line.startsWith('file_unreadable'))).toEqual(['file_unreadable {"feed":"rio-folder","code":"EACCES"}'])
    chmodSync(join(stand.path, name), 0o600)
    await until('it is done', () => stand.files().includes(done('letter.pdf')) && taken().length === 2)
  })
})

test('a folder that cannot be made is waited for', async () => {
  stand = await folderStand({ idle: true })
  const below = join(stand.path, 'not', 'there')
  const said: string[] = []
  const running = await startFolderFeed({
    name: 'rio-folder', feed: aFolderFeed({ folder: below }), content: stand.content, take: async () => anAccepted(), reject: async () => undefined,
    say: (event) => { said.push(event) }, now: () => new Date(), newId: () => 'claim',
  })
  await until('it is missed', () => said.includes('folder_away'))
  mkdirSync(below, { recursive: true })
  await until('it is back', () => said.includes('folder_back'))
  await running.close()
  expect(said.filter((event) => event === 'folder_away')).toHaveLength(1)
})
