// Files that a sender puts into the watched folder: each upload is taken once, whole, and where its files go says what
// became of it.
import { afterAll, afterEach, describe, expect, test } from '@jest/globals'
import { appendFileSync, chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Failure } from '../../../src/errors.ts'
import type { Take } from '../../../src/intake/take.ts'
import { done, folderStand, removeFolderStore, type FolderStand, type FolderStandOptions } from '../../support/folder-feed.ts'
import { anAccepted, sha256Of } from '../../support/http-feed.ts'
import { aPdf } from '../../support/pdf.ts'
import { until } from '../../support/until.ts'
import { anUpload } from '../../support/upload.ts'

let stand: FolderStand
const open = async (options: FolderStandOptions & { readonly idle?: boolean } = {}): Promise<FolderStand> => (stand = await folderStand(options))
afterEach(() => stand.close())
afterAll(removeFolderStore)

const letter = aPdf()
const reasonOf = (name: string): string => stand.text(`rejected/${name}.reason.txt`)
/** Looks again and again while the feed does, so that what must not happen had the chance to. */
const looks = async (n = 6): Promise<void> => { for (let k = 0; k < n; k++) { const before = statSync(beat()).mtimeMs; await until('another look', () => statSync(beat()).mtimeMs > before) } }
const beat = (): string => join(stand.path, 'taking', readdirSync(join(stand.path, 'taking')).find((name) => !name.startsWith('.')) ?? 'none', 'heartbeat')
const started = (): Promise<boolean> => until('the feed has begun to look', () => existsSync(join(stand.path, 'taking')) && existsSync(beat()))

describe('a document with metadata beside it', () => {
  test('is taken with its bytes, and both files go to done', async () => {
    await open()
    stand.put('letter.pdf', letter)
    stand.putMetadata('letter.json', anUpload())
    expect(await stand.settled(done('letter.json'))).toEqual([done('letter.json'), done('letter.pdf')])
    expect(stand.taken).toHaveLength(1)
    const [receipt] = stand.taken
    expect(receipt).toMatchObject({ feed: 'rio-folder', format: 'upload', receivedAt: '2026-11-20T11:02:11.123Z', contents: [{ sha256: sha256Of(letter), size: letter.length }] })
    expect(JSON.parse(receipt!.skeleton)).toEqual(anUpload())
    expect(await stand.bytesOf(sha256Of(letter))).toEqual(letter)
    expect(stand.rejected).toEqual([])
  })

  test.each([
    ['LETTER.PDF', 'letter.json', {}],
    ['letter.pdf', 'letter.pdf.json', {}],
    ['letter.pdf', 'm.json', { file: 'letter.pdf' }],
    ['LETTER.pdf', 'm.json', { file: 'letter.PDF' }],
    ['letter.pdf', 'letter.json', { fileName: 'CLIN As it is called in RiO.pdf' }],
    ['letter', 'LETTER.JSON', {}],
    ["a b'c\"$(d);é 日本.pdf", 'odd\nname.json', { file: "a b'c\"$(d);é 日本.pdf" }],
    ['Mu\u0308ller.pdf', 'm.json', { file: 'M\u00FCller.pdf' }],
    [`${'l'.repeat(251)}.pdf`, `${'l'.repeat(250)}.json`, { file: `${'l'.repeat(251)}.pdf` }],
    ['__proto__', 'constructor.json', { file: '__proto__' }],
  ])('%j belongs to %j with %j', async (document, metadata, more) => {
    await open()
    stand.put(document, letter)
    stand.putMetadata(metadata, { ...anUpload(), ...more })
    expect(await stand.settled(done(metadata))).toEqual([done(document), done(metadata)].sort())
    expect(stand.taken.map(({ contents }) => contents[0]?.sha256)).toEqual([sha256Of(letter)])
  })

  test('is waited for, whichever comes first', async () => {
    await open()
    stand.putMetadata('one.json', anUpload({ documentId: 'R1' }))
    stand.put('two.pdf', letter)
    await started()
    await looks()
    expect(stand.taken).toEqual([])
    stand.put('one.pdf', letter)
    stand.putMetadata('two.json', anUpload({ documentId: 'R2' }))
    await stand.settled(done('one.json'), done('two.json'))
    expect(stand.taken).toHaveLength(2)
  })

  test('says its name only where that opens with a code', async () => {
    await open()
    for (const [name, id] of [['HMHR report.pdf', 'R1'], ['20261120-77.pdf', 'R2'], ['“\u041dMHR” report.pdf', 'R3']] as const) {
      stand.put(name, letter)
      stand.putMetadata(name.replace('pdf', 'json'), anUpload({ documentId: id }))
    }
    await stand.settled(done('HMHR report.json'), done('20261120-77.json'), done('“\u041dMHR” report.json'))
    expect(stand.taken.map(({ skeleton, fileName }) => [(JSON.parse(skeleton) as { documentId: string }).documentId, fileName]).sort()).toEqual([['R1', 'HMHR report.pdf'], ['R2', undefined], ['R3', '“\u041dMHR” report.pdf']])
  })

  test.each([
    ['a cancelled document', { event: 'cancelled' }],
    ['file: null', { event: 'updated', file: null }],
  ])('is not needed for %s', async (_what, more) => {
    await open()
    stand.putMetadata('alone.json', anUpload(more))
    await stand.settled(done('alone.json'))
    expect(stand.taken.map(({ contents }) => contents)).toEqual([[]])
  })

  test('metadata with a byte order mark is read', async () => {
    await open()
    stand.put('letter.pdf', letter)
    stand.put('letter.json', `\uFEFF${JSON.stringify(anUpload())}`)
    await stand.settled(done('letter.json'))
    expect(JSON.parse(stand.taken[0]!.skeleton)).toEqual(anUpload())
  })

  test('a name that is in done already is not overwritten', async () => {
    await open()
    for (const text of ['first', 'second', 'third']) {
      stand.put('letter.pdf', aPdf({ mark: text }))
      stand.putMetadata('letter.json', anUpload({ name: `CLIN ${text}.pdf` }))
      await until(`${text} is taken and cleared away`, () => stand.taken.some(({ skeleton }) => skeleton.includes(text)) && stand.files().every((name) => name.startsWith('done/')))
    }
    expect(stand.files()).toEqual(['letter-2.json', 'letter-2.pdf', 'letter-3.json', 'letter-3.pdf', 'letter.json', 'letter.pdf'].map(done))
    for (const [n, text] of [['', 'first'], ['-2', 'second'], ['-3', 'third']]) expect([stand.text(done(`letter${n}.pdf`)), stand.text(done(`letter${n}.json`))]).toEqual([expect.stringContaining(text!), expect.stringContaining(text!)])
  })

  test('is streamed: a piece at a time, the next one only when the store has taken the last', async () => {
    let [most, open_, overlapped] = [0, 0, false]
    const big = aPdf({ bytes: 50 * 1024 * 1024 })
    await open({
      feed: { max_document_mb: 100 },
      content: (real) => ({ ...real, writer: (limit) => {
        const writer = real.writer(limit)
        return { ...writer, write: async (chunk) => {
          overlapped ||= open_++ > 0
          most = Math.max(most, chunk.length)
          await writer.write(chunk)
          open_--
        } }
      } }),
    })
    stand.put('big.pdf', big)
    stand.putMetadata('big.json', anUpload())
    await stand.settled(done('big.json'))
    expect(stand.taken[0]!.contents[0]).toMatchObject({ sha256: sha256Of(big), size: big.length })
    expect([most <= 1024 * 1024, overlapped]).toEqual([true, false])
  })

  test('that is larger than the feed takes is taken as too large, and not read further', async () => {
    await open()
    stand.put('big.pdf', aPdf({ bytes: 3 * 1024 * 1024 }))
    stand.putMetadata('big.json', anUpload())
    await stand.settled(done('big.json'))
    expect(stand.taken[0]!.contents).toMatchObject([{ tooLarge: true, size: 1024 * 1024 + 1 }])
  })
})

describe('what is still being written', () => {
  test.each(['letter.pdf.tmp', 'letter.pdf.part', '.letter.pdf', 'letter.pdf~', '~$letter.pdf', 'letter.PARTIAL', 'Thumbs.db', 'letter.ok', 'letter.DONE', 'letter.pdf.md5', 'letter.rdy', 'all.trg'])('%s is left alone', async (name) => {
    await open({ feed: { orphan_after_mins: 0.0001 } })
    await started()
    writeFileSync(join(stand.path, name), 'x')
    writeFileSync(join(stand.path, 'letter.json.tmp'), JSON.stringify(anUpload()))
    await looks()
    expect([existsSync(join(stand.path, name)), existsSync(join(stand.path, 'letter.json.tmp')), stand.taken, stand.rejected]).toEqual([true, true, [], []])
  })

  test('a growing document is read when it has stopped growing, whole', async () => {
    await open({ feed: { settled_secs: 0.3 } })
    stand.putMetadata('letter.json', anUpload())
    const whole: Buffer[] = []
    await started()
    for (let piece = 0; piece < 12; piece++) {
      const bytes = Buffer.alloc(1000, String(piece))
      whole.push(bytes)
      appendFileSync(join(stand.path, 'letter.pdf'), bytes)
      await looks(3)
      expect(stand.taken).toEqual([])
    }
    await stand.settled(done('letter.json'))
    expect(stand.taken.map(({ contents }) => contents[0]!.sha256)).toEqual([sha256Of(Buffer.concat(whole))])
  })

  test('a document that stops in the middle of a PDF is given time, and taken whole', async () => {
    await open({ feed: { settled_secs: 0.1 } })
    stand.putMetadata('letter.json', anUpload())
    writeFileSync(join(stand.path, 'letter.pdf'), letter.subarray(0, 100))
    await started()
    // Another upload, put there later, settles later.
    stand.putMetadata('later.json', anUpload({ documentId: 'R0', event: 'cancelled' }))
    await until('the later one is taken', () => stand.taken.length > 0)
    await looks()
    expect(stand.taken.map(({ contents }) => contents)).toEqual([[]])
    appendFileSync(join(stand.path, 'letter.pdf'), letter.subarray(100))
    await stand.settled(done('letter.json'))
    expect(stand.taken.map(({ contents }) => contents[0]?.sha256)).toEqual([undefined, sha256Of(letter)])
  })

  test.each([['letter.pdf', letter.subarray(0, 100)], ['empty.pdf', Buffer.alloc(0)], ['scan.tif', Buffer.from('II*\0')]])('%s that never becomes a whole PDF is taken in the end, as it is', async (name, bytes) => {
    await open()
    stand.put(name, bytes)
    stand.putMetadata('m.json', anUpload({ file: name }))
    await stand.settled(done('m.json'))
    expect(stand.taken[0]!.contents).toMatchObject([{ size: bytes.length }])
  })

  test.each(['letter.pdf', 'letter.json'])('%s that is written to while it is taken is taken again as it is now, and does not go to done unread', async (name) => {
    const [more, changed] = [Buffer.concat([letter, letter]), JSON.stringify(anUpload({ documentType: 'MH DO NOT share with patient' }))]
    let written = false
    await open({ take: async () => {
      if (!written) writeFileSync(join(stand.path, stand.files().find((file) => file.startsWith('taking/') && file.endsWith(name))!), name === 'letter.pdf' ? more : changed)
      written = true
      return anAccepted()
    } })
    stand.put('letter.pdf', letter)
    stand.putMetadata('letter.json', anUpload())
    await stand.settled(done('letter.json'))
    expect(stand.taken).toHaveLength(2)
    expect([stand.taken[1]!.contents[0]!.sha256, stand.taken[1]!.skeleton]).toEqual(name === 'letter.pdf' ? [sha256Of(more), JSON.stringify(anUpload())] : [sha256Of(letter), changed])
  })

  test('metadata that is no JSON yet is given time, and then taken', async () => {
    await open({ feed: { settled_secs: 0.1 } })
    const text = JSON.stringify(anUpload())
    stand.put('letter.pdf', letter)
    stand.put('letter.json', text.slice(0, 50))
    await started()
    await looks(20)
    expect(stand.rejected).toEqual([])
    appendFileSync(join(stand.path, 'letter.json'), text.slice(50))
    await stand.settled(done('letter.json'))
    expect(stand.taken).toHaveLength(1)
  })

  test('a document that changes while it is read is read again, later', async () => {
    let changed = false
    await open({
      content: (real) => ({ ...real, writer: (limit) => {
        const writer = real.writer(limit)
        return { ...writer, write: (chunk) => {
          if (!changed) appendFileSync(inHand('letter.pdf'), 'more')
          changed = true
          return writer.write(chunk)
        } }
      } }),
    })
    const inHand = (name: string): string => join(stand.path, stand.files().find((file) => file.startsWith('taking/') && file.endsWith(name))!)
    stand.put('letter.pdf', letter)
    stand.putMetadata('letter.json', anUpload())
    await stand.settled(done('letter.json'))
    expect(changed).toBe(true)
    expect(stand.taken.map(({ contents }) => contents[0]!.sha256)).toEqual([sha256Of(Buffer.concat([letter, Buffer.from('more')]))])
  })

  test.each(['letter.pdf', 'letter.json'])('%s that is taken away while it is read does no harm, and comes again', async (gone) => {
    let removed = false
    const remove = (): void => {
      const file = stand.files().find((name) => name.startsWith('taking/') && name.endsWith(gone))!
      rmSync(join(stand.path, file))
      removed = true
    }
    await open({
      content: (real) => ({ ...real, writer: (limit) => {
        const writer = real.writer(limit)
        return { ...writer, write: (chunk) => {
          if (!removed) remove()
          return writer.write(chunk)
        } }
      } }),
    })
    stand.put('letter.pdf', letter)
    stand.putMetadata('letter.json', anUpload())
    await until('it was taken away', () => removed)
    await looks()
    stand.put('other.pdf', letter)
    stand.putMetadata('other.json', anUpload({ documentId: 'R2' }))
    await until('the other one is there', () => stand.files().includes(done('other.json')))
    expect(stand.taken.map(({ skeleton }) => (JSON.parse(skeleton) as { documentId: string }).documentId)).toEqual(['R2'])
  })
})

describe('refused, with a reason', () => {
  const pair = (metadata: object | string, files: readonly string[] = ['letter.pdf']): void => {
    for (const name of files) stand.put(name, letter)
    stand.put('letter.json', typeof metadata === 'string' ? metadata : JSON.stringify(metadata))
  }

  test.each([
    ['no JSON', '{"documentId": "RIO-1", ', 'METADATA_UNREADABLE'],
    ['JSON that is no object', '[]', 'METADATA_UNREADABLE'],
    ['bytes that are not UTF-8', Buffer.from('{"name":"M\u00FCller"}', 'latin1').toString('latin1'), 'METADATA_UNREADABLE'],
    ['a name that stands twice', '{"documentType":"a","documentType":"b"}', 'MESSAGE_UNREADABLE'],
    ['a NUL', '{"name":"\\u0000"}', 'NUL_IN_MESSAGE'],
    ['more than 256 KB', JSON.stringify(anUpload({ name: 'x'.repeat(300_000) })), 'TOO_LARGE'],
  ])('metadata that is %s', async (what, text, code) => {
    await open()
    stand.put('letter.json', what.startsWith('bytes') ? Buffer.from(text, 'latin1') : text)
    await stand.settled('rejected/letter.json')
    expect(reasonOf('letter.json')).toContain(`Code: ${code}\n`)
    expect(stand.rejected.map((one) => [one.feed, one.code])).toEqual([['rio-folder', code]])
    expect(stand.taken).toEqual([])
  })

  test.each(['../letter.pdf', '/etc/passwd', 'a/letter.pdf', '..', 'C:letter.pdf', '..\\letter.pdf', '', 'other.json', 'index.csv', '.hidden', 'letter.pdf\0', 7, ['letter.pdf'], { a: 1 }])('a document named %j', async (file) => {
    await open()
    writeFileSync(join(stand.path, '..', 'letter.pdf'), 'outside')
    stand.putMetadata('m.json', anUpload({ file }))
    await stand.settled('rejected/m.json')
    expect(stand.rejected.map(({ code }) => code)).toEqual([typeof file === 'string' && file.includes('\0') ? 'NUL_IN_MESSAGE' : 'FILE_NAME_REFUSED'])
    expect(reasonOf('m.json')).not.toMatch(/passwd|Ada|9990000018/u)
    expect([stand.taken, existsSync(join(stand.path, '..', 'letter.pdf'))]).toEqual([[], true])
  })

  test.each(['a link', 'a folder', 'a pipe'])('%s in the place of the document, and neither is followed', async (what) => {
    await open()
    const outside = mkdtempSync(join(tmpdir(), 'openletter-outside-'))
    writeFileSync(join(outside, 'secret.pdf'), letter)
    const place = join(stand.path, 'letter.pdf')
    if (what === 'a link') symlinkSync(join(outside, 'secret.pdf'), place)
    else if (what === 'a folder') mkdirSync(place)
    else execFileSync('mkfifo', [place])
    stand.putMetadata('m.json', anUpload({ file: 'letter.pdf' }))
    await stand.settled('rejected/m.json')
    expect(stand.rejected.map(({ code }) => code)).toEqual(['FILE_NAME_REFUSED'])
    expect([stand.taken, existsSync(join(outside, 'secret.pdf'))]).toEqual([[], true])
    rmSync(outside, { recursive: true })
  })

  test('a link to metadata, and files in folders, are not looked at', async () => {
    await open()
    await started()
    mkdirSync(join(stand.path, 'sub'))
    writeFileSync(join(stand.path, 'sub', 'letter.json'), JSON.stringify(anUpload({ event: 'cancelled' })))
    symlinkSync(join(stand.path, 'sub', 'letter.json'), join(stand.path, 'link.json'))
    await looks()
    expect([stand.taken, stand.rejected, stand.files().length]).toEqual([[], [], 2])
  })

  test('what cannot be attributed, as the other feeds refuse it', async () => {
    const take: Take = async () => ({ kind: 'refused', code: 'DOCUMENT_ID_MISSING', detail: 'metadata.documentId: It has no value that is text.' })
    await open({ take })
    pair(anUpload({ documentId: undefined }))
    expect(await stand.settled('rejected/letter.json')).toEqual(['rejected/letter.json', 'rejected/letter.json.reason.txt', 'rejected/letter.pdf'])
    expect(reasonOf('letter.json')).toBe([
      'The document has no id.', 'metadata.documentId: It has no value that is text.', 'Send the RiO document id (TXA-12.1, or documentId).', '', 'Code: DOCUMENT_ID_MISSING', 'Refused: 2026-11-20T11:02:11.123Z', '',
    ].join('\n'))
    expect(stand.rejected).toEqual([])
  })

  test('metadata whose document does not come, and a document that nobody speaks of', async () => {
    await open({ feed: { orphan_after_mins: 0.005 } })
    stand.putMetadata('widow.json', anUpload({ file: 'gone.pdf' }))
    stand.put('orphan.pdf', letter)
    expect(await stand.settled('rejected/widow.json', 'rejected/orphan.pdf')).toEqual(['rejected/orphan.pdf', 'rejected/orphan.pdf.reason.txt', 'rejected/widow.json', 'rejected/widow.json.reason.txt'])
    expect([reasonOf('widow.json'), reasonOf('orphan.pdf')]).toEqual([expect.stringContaining('DOCUMENT_FILE_MISSING'), expect.stringContaining('METADATA_FILE_MISSING')])
    expect(stand.rejected.map(({ code }) => code).sort()).toEqual(['DOCUMENT_FILE_MISSING', 'METADATA_FILE_MISSING'])
  })

  test('under names that are taken in rejected, and of any length', async () => {
    const take: Take = async () => ({ kind: 'refused', code: 'EVENT_UNKNOWN', detail: 'metadata.event' })
    await open({ take })
    const long = `${'é'.repeat(120)}.json`
    for (const name of ['letter.json', 'letter.json', long]) {
      stand.putMetadata(name, anUpload({ event: 'cancelled' }))
      await until('the folder is empty', () => stand.files().every((file) => file.startsWith('rejected/')))
    }
    const files = stand.files()
    expect(files).toEqual(expect.arrayContaining(['rejected/letter.json', 'rejected/letter.json.reason.txt', 'rejected/letter-2.json', 'rejected/letter-2.json.reason.txt', `rejected/${long}`]))
    expect(files).toHaveLength(6)
    for (const file of files) expect(Buffer.byteLength(file.slice('rejected/'.length))).toBeLessThanOrEqual(255)
  })
})

describe('trouble', () => {
  test('while the store is away everything stays, is said once, and arrives when it is back', async () => {
    let away = true
    let tries = 0
    await open({ take: async () => {
      tries++
      if (away) throw new Failure('STORE_UNAVAILABLE', 'PostgreSQL does not answer.')
      return anAccepted()
    } })
    for (const n of [1, 2, 3]) {
      stand.put(`${n}.pdf`, letter)
      stand.putMetadata(`${n}.json`, anUpload({ documentId: `R${n}` }))
    }
    await until('it was tried again', () => tries >= 4)
    expect(stand.files().filter((name) => name.startsWith('done/') || name.startsWith('rejected/'))).toEqual([])
    away = false
    await stand.settled(done('1.json'), done('2.json'), done('3.json'))
    expect(stand.taken).toHaveLength(3)
    expect(stand.said.filter((line) => line.startsWith('part_failed'))).toEqual([expect.stringContaining('"code":"STORE_UNAVAILABLE","detail":"uploads wait in the folder: PostgreSQL does not answer."')])
  })

  test('one upload that fails for ever does not hold up the others', async () => {
    await open({ take: async ({ skeleton }) => {
      if (skeleton.includes('POISON')) throw new TypeError('a bug')
      return anAccepted()
    } })
    stand.putMetadata('a.json', anUpload({ documentId: 'POISON', event: 'cancelled' }))
    await until('it failed', () => stand.said.some((line) => line.startsWith('part_failed')))
    for (const n of [1, 2, 3]) stand.putMetadata(`b${n}.json`, anUpload({ documentId: `R${n}`, event: 'cancelled' }))
    await until('the others are done', () => [1, 2, 3].every((n) => stand.files().includes(done(`b${n}.json`))))
    expect(stand.files().some((name) => name.endsWith('a.json') && name.startsWith('taking/'))).toBe(true)
  })

  test('a refusal that cannot be recorded is no refusal yet', async () => {
    let away = true
    await open({ reject: async (message) => {
      if (away) throw new Failure('STORE_UNAVAILABLE', 'away')
      stand.rejected.push(message)
    } })
    stand.put('letter.json', 'no JSON')
    await until('it was tried', () => stand.said.some((line) => line.startsWith('part_failed')))
    expect(stand.files().some((name) => name.startsWith('rejected/'))).toBe(false)
    away = false
    await stand.settled('rejected/letter.json')
    expect(stand.rejected).toHaveLength(1)
  })

  test('the folder goes away, and comes back', async () => {
    await open()
    await started()
    renameSync(stand.path, `${stand.path}-unmounted`)
    await until('it is missed', () => stand.said.some((line) => line.startsWith('folder_away')))
    expect(existsSync(stand.path)).toBe(false)
    renameSync(`${stand.path}-unmounted`, stand.path)
    await until('it is back', () => stand.said.some((line) => line.startsWith('folder_back')))
    stand.put('letter.pdf', letter)
    stand.putMetadata('letter.json', anUpload())
    await stand.settled(done('letter.json'))
    expect(stand.said.filter((line) => line.startsWith('folder_'))).toEqual(['folder_away {"feed":"rio-folder","code":"ENOENT"}', 'folder_back {"feed":"rio-folder"}'])
  })

  test('an empty folder in its place gets the folders that the feed needs, for its owner only', async () => {
    await open()
    await started()
    rmSync(stand.path, { recursive: true })
    await until('it is missed', () => stand.said.some((line) => line.startsWith('folder_away')))
    mkdirSync(stand.path, { mode: 0o770 })
    chmodSync(stand.path, 0o770)
    stand.put('letter.pdf', letter)
    chmodSync(join(stand.path, 'letter.pdf'), 0o640)
    stand.putMetadata('letter.json', anUpload())
    await stand.settled(done('letter.json'))
    const modes = ['', 'taking', 'done', `done/2026-11-20`, done('letter.pdf')].map((name) => (statSync(join(stand.path, name)).mode & 0o777).toString(8))
    expect(modes).toEqual(['770', '700', '700', '700', '640'])
  })

  test('nothing of a patient or a file name is said', async () => {
    await open({ feed: { orphan_after_mins: 0.005 } })
    stand.put('Zwickenpflug 9990000085.pdf', letter)
    stand.put('Zwickenpflug.json', '{"Zwickenpflug')
    stand.put('Zwickenpflug.csv', 'file,documentId,Zwickenpflug Ada\n"Zwickenpflug')
    await stand.settled('rejected/Zwickenpflug.json', 'rejected/Zwickenpflug.csv', 'rejected/Zwickenpflug 9990000085.pdf')
    const told = [...stand.said, ...stand.rejected.map(({ detail }) => detail), ...stand.files().filter((name) => name.endsWith('.reason.txt')).map((name) => stand.text(name))].join('\n')
    expect(told).not.toMatch(/Zwickenpflug|999/u)
    expect(stand.said[0]).toBe('feed_listening {"feed":"rio-folder","address":"folder"}')
  })
})
