// However the files change, whoever watches is told once, after the last of them.
import { chmodSync, cpSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { watchPolicy } from '../../src/policy/watch.ts'
import { makeFolder } from '../support/folder.ts'
import { until } from '../support/until.ts'

const QUIET_MS = 150
let folder: ReturnType<typeof makeFolder>
let watching: ReturnType<typeof watchPolicy> | undefined
let told: number
const path = (...names: string[]): string => join(folder.path, ...names)
const toldOnceMore = async (before: number): Promise<void> => {
  await until('it is told', () => told > before)
  await delay(3 * QUIET_MS)
  expect(told).toBe(before + 1)
}

beforeEach(async () => {
  folder = makeFolder()
  told = 0
  for (const name of ['channels', 'mappings']) mkdirSync(path(name))
  for (const name of ['channels/pkb.yaml', 'mappings/services.csv', 'mappings/sharing-rules.yaml']) writeFileSync(path(name), 'as it was')
  watching = watchPolicy({ folders: [path('channels'), path('mappings')], onChange: () => { told += 1 }, quietMs: QUIET_MS, everyMs: 20 })
  // Once at the beginning: something may have changed before the watching began.
  await toldOnceMore(0)
})
afterEach(async () => {
  await watching?.close()
  folder.remove()
})

test.each<[string, () => void]>([
  ['a file is written', () => writeFileSync(path('channels/pkb.yaml'), 'changed')],
  ['a file is written with as many bytes as before', () => writeFileSync(path('channels/pkb.yaml'), 'As it was')],
  ['a file comes', () => writeFileSync(path('mappings/new.yaml'), 'new')],
  ['a file goes', () => rmSync(path('mappings/services.csv'))],
  ['an editor writes a file beside it and renames it', () => { writeFileSync(path('mappings/.services.csv.swp'), 'changed'); renameSync(path('mappings/.services.csv.swp'), path('mappings/services.csv')) }],
  ['a whole folder is put in the place of another', () => {
    cpSync(path('mappings'), path('mappings.new'), { recursive: true })
    writeFileSync(path('mappings.new/services.csv'), 'changed')
    renameSync(path('mappings'), path('mappings.old'))
    renameSync(path('mappings.new'), path('mappings'))
  }],
  ['nobody may read a file any more', () => chmodSync(path('mappings/services.csv'), 0)],
  ['a folder goes', () => renameSync(path('mappings'), path('mappings.old'))],
  ['a link leads back to itself', () => symlinkSync('loop.yaml', path('channels/loop.yaml'))],
])('when %s', async (_, change) => {
  change()
  await toldOnceMore(1)
})

test('a file to which a link leads: when it changes, when it goes, and when it is there again', async () => {
  writeFileSync(path('elsewhere.csv'), 'as it was')
  rmSync(path('mappings/services.csv'))
  symlinkSync('../elsewhere.csv', path('mappings/services.csv'))
  await toldOnceMore(1)
  const changes = [() => writeFileSync(path('elsewhere.csv'), 'changed'), () => renameSync(path('elsewhere.csv'), path('away.csv')), () => renameSync(path('away.csv'), path('elsewhere.csv'))]
  for (const [n, change] of changes.entries()) {
    change()
    await toldOnceMore(2 + n)
  }
})

// Root reads everything.
const asAnother = process.getuid?.() === 0 ? describe.skip : describe
asAnother('a folder', () => {
  test('that may not be read, and may be again', async () => {
    chmodSync(path('channels'), 0)
    await toldOnceMore(1)
    chmodSync(path('channels'), 0o700)
    await toldOnceMore(2)
  })
})

test('a checkout that writes for a while is told of when it is over', async () => {
  for (let n = 0; n < 8; n += 1) {
    writeFileSync(path('mappings', n % 2 === 0 ? 'services.csv' : 'sharing-rules.yaml'), `change ${n}`)
    await delay(QUIET_MS / 3)
  }
  const during = told
  await until('it is told', () => told > 1)
  await delay(3 * QUIET_MS)
  expect([during, told]).toEqual([1, 2])
})

test('what editors leave beside the files is nothing', async () => {
  writeFileSync(path('channels/.pkb.yaml.swp'), 'half a thought')
  symlinkSync('nobody@nowhere', path('channels/.#pkb.yaml'))
  await delay(4 * QUIET_MS)
  expect(told).toBe(1)
})

test('after the end nothing is told', async () => {
  writeFileSync(path('channels/pkb.yaml'), 'changed')
  await watching?.close()
  await delay(3 * QUIET_MS)
  expect(told).toBe(1)
})
