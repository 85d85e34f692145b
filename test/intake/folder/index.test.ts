// A CSV index: each row becomes an upload of its own; what is wrong is told with line and column, and stops no other row.
import { afterAll, afterEach, describe, expect, test } from '@jest/globals'
import { array, assert, constantFrom, property, record, string } from '../../support/fast-check.ts'
import { appendFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../../../src/errors.ts'
import { readIndex } from '../../../src/intake/folder/index-file.ts'
import { kindOf, numbered, withEnding, wrongName } from '../../../src/intake/folder/names.ts'
import { done, folderStand, removeFolderStore, type FolderStand, type FolderStandOptions } from '../../support/folder-feed.ts'
import { anAccepted, sha256Of } from '../../support/http-feed.ts'
import { aPdf } from '../../support/pdf.ts'
import { until } from '../../support/until.ts'

describe('an index as text', () => {
  const uploads = (text: string) => readIndex(Buffer.from(text)).map((row) => (row.upload && row.fault === undefined ? { ...row.upload, metadata: JSON.parse(row.upload.metadata) as unknown } : row.fault))
  const faultOf = (bytes: Buffer | string): string => {
    try {
      return readIndex(Buffer.from(bytes)).flatMap(({ fault }) => fault ?? []).join('; ')
    } catch (error) {
      if (error instanceof Failure) return `${error.code} ${error.detail}`
      throw error
    }
  }

  test('headings are names with dots, cells are text, and empty cells are fields that are not there', () => {
    expect(uploads('\uFEFFfile,documentId,patient.nhsNumber,patient.address.lines,patient.address.postcode,status,patient.formatNeeds\r\na.pdf, RIO-1 ,0042,"1 High Street|London, East",E1 4AA,,braille\r\n\r\n,R2,,,,final,\r\n')).toEqual([
      { file: 'a.pdf', metadata: { documentId: 'RIO-1', patient: { nhsNumber: '0042', address: { lines: ['1 High Street', 'London, East'], postcode: 'E1 4AA' }, formatNeeds: ['braille'] } } },
      { file: null, metadata: { documentId: 'R2', status: 'final' } },
    ])
  })

  test.each([
    ['documentId,name\nR1,x\n', 'INDEX_UNREADABLE Line 1: the column file is missing.'],
    ['\nfile,name\na.pdf,x\n', 'INDEX_UNREADABLE Line 2: the column documentId is missing.'],
    ['', 'INDEX_UNREADABLE Line 1: there are no headings.'],
    ['documentId;file;name\nR1;a.pdf;x\n', 'INDEX_UNREADABLE Line 1: the cells are separated by semicolons: separate them by commas (save it from Excel as "CSV UTF-8 (Comma delimited)").'],
    ['documentId\tfile\nR1\ta.pdf\n', 'INDEX_UNREADABLE Line 1: the cells are separated by tabs: separate them by commas (save it from Excel as "CSV UTF-8 (Comma delimited)").'],
    ['\uFEFFsep=,\r\ndocumentId,file\r\n', 'INDEX_UNREADABLE Line 1: take out the line with sep=: the columns are named on the first line.'],
    ['SEP=;\ndocumentId;file\n', 'INDEX_UNREADABLE Line 1: take out the line with sep=: the columns are named on the first line.'],
    ['file,documentId,Ada Example\n', 'INDEX_UNREADABLE Line 1, column 3: a heading is a name of the metadata with dots, such as patient.nhsNumber.'],
    ['file,documentId,a.__proto__.b\n', 'INDEX_UNREADABLE Line 1, column 3: a heading is a name of the metadata with dots, such as patient.nhsNumber.'],
    ['file,documentId,file\n', 'INDEX_UNREADABLE Line 1, column 3: column 1 has the same heading.'],
    ['file,documentId,patient,patient.family\n', 'INDEX_UNREADABLE Line 1, column 3: column 4 is a part of it: it cannot have a value of its own.'],
    ['file,documentId\na.pdf,R1\nb.pdf,"R2\nc.pdf,R3\n', 'INDEX_UNREADABLE Line 3, column 2: quotes do not close. Put a text with quotes or commas in double quotes, and double the quotes in it.'],
    ['file,documentId\na.pdf,R1 "x"\n', 'INDEX_UNREADABLE Line 2, column 2: quotes do not close. Put a text with quotes or commas in double quotes, and double the quotes in it.'],
    [Buffer.from('file,documentId,name\na.pdf,R1,x\nb.pdf,R2,M\u00FCller\n', 'latin1'), 'INDEX_UNREADABLE Line 3, character 11: the index is not UTF-8. Save it from Excel as "CSV UTF-8".'],
    [Buffer.from('\uFEFFfile,documentId\n', 'utf16le'), 'INDEX_UNREADABLE Line 1, character 1: the index is not UTF-8. Save it from Excel as "CSV UTF-8".'],
    ['file,documentId,name\na.pdf,R1\nb.pdf,R2,x\nc.pdf,R3,x,y\n', 'Line 2, column 3: the row has 2 cells, and the headings are 3.; Line 4, column 4: the row has 4 cells, and the headings are 3.'],
    ['file,documentId\na.pdf,R1\n"x\ny.pdf",R2\nA.pdf,R3\n', 'Line 2, column 1: line 5 names the same document. Give each row a file of its own.; Line 5, column 1: line 2 names the same document. Give each row a file of its own.'],
  ])('%j: %s', (text, fault) => expect(faultOf(text)).toBe(fault))

  test('larger than the feed reads is refused unread', () => expect(faultOf(Buffer.alloc(16 * 1024 * 1024 + 1, 'a'))).toMatch(/^TOO_LARGE /u))

  test('whatever stands in the cells comes out of them', () => {
    const cell = string({ unit: 'grapheme', maxLength: 12 }).filter((text) => !/[\0\uFFFD\uFEFF]/u.test(text))
    const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`
    assert(property(array(record({ documentId: cell, name: cell, family: cell }), { maxLength: 6 }), constantFrom('\n', '\r\n'), (rows, ends) => {
      const text = ['documentId,file,name,patient.family', ...rows.map((row, n) => [row.documentId, `${n}.pdf`, row.name, row.family].map(quoted).join(','))].join(ends)
      expect(uploads(text)).toEqual(rows.map((row, n) => {
        const said = (name: string, value: string) => (value.trim() === '' ? {} : { [name]: value.trim() })
        return { file: `${n}.pdf`, metadata: { ...said('documentId', row.documentId), ...said('name', row.name), ...(row.family.trim() === '' ? {} : { patient: { family: row.family.trim() } }) } }
      }))
    }))
  })
})

describe('names', () => {
  const anyName = string({ unit: 'binary', maxLength: 300 })

  test.each(['../x.pdf', '/x.pdf', 'a/b.pdf', 'a\\b.pdf', '..', '', 'C:x.pdf', 'x.json', 'x.CSV', '.x', 'x.tmp', 'x\0.pdf', '~x'])('%j is never a document', (name) => expect(wrongName(name)).toBeDefined())

  test('that are made fit the disk, keep their endings, and differ where their origins do', () => {
    assert(property(anyName, anyName, (one, other) => {
      const made = withEnding(one, '.reason.txt')
      expect([Buffer.byteLength(made) <= 255, made.endsWith('.reason.txt'), made.includes('/') && !one.includes('/')]).toEqual([true, true, false])
      expect(withEnding(other, '.reason.txt') === made).toBe(one.toWellFormed() === other.toWellFormed())
      for (const n of [2, 30]) expect([Buffer.byteLength(numbered(one.slice(0, 80), n)) <= 255, numbered(one.slice(0, 80), n) === one.slice(0, 80)]).toEqual([true, false])
    }))
  })

  test.each([['a.json', 'metadata'], ['A.JSON', 'metadata'], ['b.csv', 'index'], ['c.pdf', 'document'], ['c', 'document'], ['.c', undefined], ['c.part', undefined], ['c.ok', undefined], ['C.MD5', undefined], ['c.xml', 'document']])('%s is %s', (name, kind) => expect(kindOf(name)).toBe(kind))
})

describe('an index in the folder', () => {
  let stand: FolderStand
  const open = async (options: FolderStandOptions & { readonly idle?: boolean } = {}): Promise<FolderStand> => (stand = await folderStand(options))
  afterEach(() => stand.close())
  afterAll(removeFolderStore)
  const letterOf = (n: number): Buffer => aPdf({ mark: `letter ${n}` })
  const index = (rows: readonly string[]): string => ['documentId,event,file,patient.family', ...rows].join('\n') + '\n'
  const ids = (): readonly string[] => stand.taken.map(({ skeleton }) => (JSON.parse(skeleton) as { documentId: string }).documentId)

  test('each row is taken with its document, and index and documents go to done', async () => {
    await open()
    for (const n of [1, 2, 3]) stand.put(`${n}.pdf`, letterOf(n))
    stand.put('extract.csv', index(['R1,created,1.pdf,Example', 'R2,created,2.PDF,Example', 'R3,cancelled,,Example', 'R4,created,3.pdf,']))
    expect(await stand.settled(done('extract.csv'))).toEqual(['1.pdf', '2.pdf', '3.pdf', 'extract.csv'].map(done))
    expect(ids()).toEqual(['R1', 'R2', 'R3', 'R4'])
    expect(stand.taken.map(({ contents }) => contents[0]?.sha256)).toEqual([sha256Of(letterOf(1)), sha256Of(letterOf(2)), undefined, sha256Of(letterOf(3))])
    expect(JSON.parse(stand.taken[0]!.skeleton)).toEqual({ documentId: 'R1', event: 'created', patient: { family: 'Example' } })
  })

  test('bad rows are rejected by themselves, and the others go on', async () => {
    await open({
      take: async ({ skeleton }) => (skeleton.includes('documentId') ? anAccepted() : { kind: 'refused', code: 'DOCUMENT_ID_MISSING', detail: 'metadata.documentId' }),
    })
    for (const n of [1, 2, 3]) stand.put(`${n}.pdf`, letterOf(n))
    stand.put('x.csv', index(['R1,created,1.pdf,Example', 'R2,created', ',created,2.pdf,Example', 'R4,created,../3.pdf,Example', 'R5,created,3.pdf,Example']))
    expect(await stand.settled(done('x.csv'))).toEqual([
      ...['1.pdf', '3.pdf', 'x.csv'].map(done),
      ...['2.pdf', 'x.row-3.csv', 'x.row-3.csv.reason.txt', 'x.row-4.csv', 'x.row-4.csv.reason.txt', 'x.row-5.csv', 'x.row-5.csv.reason.txt'].map((name) => `rejected/${name}`),
    ])
    expect(stand.text('rejected/x.row-3.csv')).toBe('documentId,event,file,patient.family\nR2,created\n')
    expect(stand.text('rejected/x.row-3.csv.reason.txt')).toContain('Line 3, column 3: the row has 2 cells, and the headings are 4.')
    expect([stand.text('rejected/x.row-4.csv.reason.txt'), stand.text('rejected/x.row-5.csv.reason.txt')]).toEqual([expect.stringContaining('DOCUMENT_ID_MISSING'), expect.stringContaining('FILE_NAME_REFUSED')])
    expect(stand.rejected.map(({ code }) => code)).toEqual(['ROW_UNREADABLE', 'FILE_NAME_REFUSED'])
  })

  test('a row waits for its document, and only it', async () => {
    await open()
    stand.put('2.pdf', letterOf(2))
    stand.put('x.csv', index(['R1,created,1.pdf,Example', 'R2,created,2.pdf,Example']))
    await until('the second row is taken', () => ids().includes('R2'))
    expect(stand.files()).not.toContain(done('x.csv'))
    stand.put('1.pdf', letterOf(1))
    await stand.settled(done('x.csv'))
    expect(ids()).toEqual(['R2', 'R1'])
  })

  test('a row whose document does not come is rejected with it named as missing', async () => {
    await open({ feed: { orphan_after_mins: 0.005 } })
    stand.put('x.csv', index(['R1,created,1.pdf,Example']))
    await stand.settled(done('x.csv'))
    expect(stand.text('rejected/x.row-2.csv.reason.txt')).toContain('DOCUMENT_FILE_MISSING')
  })

  test('an index of which nothing can be used is rejected with line and column, and its documents stay', async () => {
    await open()
    stand.put('1.pdf', letterOf(1))
    stand.put('x.csv', 'documentId,event\nR1,created\n')
    expect(await stand.settled('rejected/x.csv')).toEqual(['1.pdf', 'rejected/x.csv', 'rejected/x.csv.reason.txt'])
    expect(stand.text('rejected/x.csv.reason.txt')).toContain('Line 1: the column file is missing.')
    expect(stand.rejected.map(({ code, skeleton }) => [code, skeleton])).toEqual([['INDEX_UNREADABLE', '']])
  })

  test('half an index is given time', async () => {
    await open({ feed: { settled_secs: 0.2 } })
    for (const n of [1, 2]) stand.put(`${n}.pdf`, letterOf(n))
    const whole = index(['R1,created,1.pdf,Example', 'R2,created,2.pdf,"Exam"'])
    stand.put('x.csv', whole.slice(0, -4))
    // Another index, put there later, settles later.
    stand.put('later.csv', index(['R0,cancelled,,Example']))
    await until('the later one is taken', () => stand.taken.length > 0)
    expect([ids(), stand.rejected.length, stand.files().includes('x.csv')]).toEqual([['R0'], 0, true])
    appendFileSync(join(stand.path, 'x.csv'), whole.slice(-4))
    await stand.settled(done('x.csv'))
    expect(ids()).toEqual(['R0', 'R1', 'R2'])
  })

  test('an index whose last line has no end is given time', async () => {
    await open({ feed: { settled_secs: 0.1 } })
    const whole = index(['R1,cancelled,,Example'])
    stand.put('x.csv', whole.slice(0, -4))
    stand.put('later.csv', index(['R0,cancelled,,Example']))
    await until('the later one is taken', () => stand.taken.length > 0)
    expect([ids(), stand.files().includes('x.csv')]).toEqual([['R0'], true])
    appendFileSync(join(stand.path, 'x.csv'), whole.slice(-4))
    await stand.settled(done('x.csv'))
    expect(stand.taken.map(({ skeleton }) => (JSON.parse(skeleton) as { patient: { family: string } }).patient.family)).toEqual(['Example', 'Example'])
  })

  test('without an end of its last line it is taken in the end', async () => {
    await open()
    stand.put('x.csv', index(['R1,cancelled,,Example']).trimEnd())
    await stand.settled(done('x.csv'))
    expect(ids()).toEqual(['R1'])
  })

  test('rows that wait are not read again at each look, and what else comes does not wait for them', async () => {
    await open()
    stand.put('x.csv', index(Array.from({ length: 200 }, (_, n) => `R${n},created,${n}.pdf,Example`)))
    // A folder may go while it is looked through.
    const rows = (): readonly string[] => {
      try {
        return readdirSync(stand.path, { recursive: true, encoding: 'utf8' }).filter((name) => /rows\/\d+\/\.upload\.json$/u.test(name))
      } catch {
        return []
      }
    }
    await until('they are in hand', () => rows().length === 200)
    stand.put('beside.csv', index(['B1,cancelled,,Example']))
    await until('the first is taken', () => ids().includes('B1'))
    // Whoever read them now would refuse them.
    for (const name of rows()) writeFileSync(join(stand.path, name), 'no row')
    stand.put('beside-2.csv', index(['B2,cancelled,,Example']))
    await until('the second is done', () => stand.files().includes(done('beside-2.csv')))
    expect([ids(), stand.rejected, stand.said.length]).toEqual([['B1', 'B2'], [], 1])
  })

  test('while the store is away rows wait, and are taken once each when it is back', async () => {
    let away = true
    let tries = 0
    await open({ take: async () => {
      if (++tries > 2 && away) throw new Failure('STORE_UNAVAILABLE', 'away')
      return anAccepted()
    } })
    for (const n of [1, 2, 3, 4]) stand.put(`${n}.pdf`, letterOf(n))
    stand.put('x.csv', index([1, 2, 3, 4].map((n) => `R${n},created,${n}.pdf,Example`)))
    await until('it was tried again', () => tries > 4)
    expect(ids()).toEqual(['R1', 'R2'])
    away = false
    await stand.settled(done('x.csv'))
    expect([...ids()].sort()).toEqual(['R1', 'R2', 'R3', 'R4'])
  })

  test('an index that grew after it was read is not called done', async () => {
    const gate = Promise.withResolvers<void>()
    let asked = false
    await open({ take: async () => { asked = true; await gate.promise; return anAccepted() } })
    stand.put('x.csv', index(['R1,cancelled,,Example']))
    await until('its row is in hand', () => asked)
    appendFileSync(join(stand.path, stand.files().find((name) => name.startsWith('taking/') && name.endsWith('/x.csv'))!), 'R2,cancelled,,Example\n')
    gate.resolve()
    await stand.settled('rejected/x.csv')
    expect(stand.text('rejected/x.csv.reason.txt')).toContain('It was written to after it had been read.')
  })
})
