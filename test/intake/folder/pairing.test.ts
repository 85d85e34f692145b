// Which document belongs to which metadata file or row: a patient must never get the letter of another, so wherever two
// could mean the same document, neither gets it.
import { afterAll, afterEach, describe, expect, test } from '@jest/globals'
import { array, assert, boolean, constantFrom, nat, option, property, record } from '../../support/fast-check.ts'
import { pairUp, type Claimant, type Sight } from '../../../src/intake/folder/pairing.ts'
import { done, folderStand, removeFolderStore, type FolderStand, type FolderStandOptions } from '../../support/folder-feed.ts'
import { sha256Of } from '../../support/http-feed.ts'
import { aPdf } from '../../support/pdf.ts'
import { until } from '../../support/until.ts'
import { anUpload } from '../../support/upload.ts'

const [ADA, BEN] = [aPdf({ mark: 'for Ada' }), aPdf({ mark: 'for Ben' })]

describe('what is seen at one look', () => {
  const seen = (ctimeMs: number) => ({ size: 1, mtimeMs: 0, ctimeMs, ino: 1n })
  const sight = (claimants: readonly Partial<Claimant>[], documents: { readonly [name: string]: number }, more: Partial<Sight> = {}): Sight => ({
    claimants: claimants.map((one, n) => ({ id: String(n), arrivedMs: 0, ready: true, cancels: false, ...one })),
    documents: new Map(Object.entries(documents).map(([name, ms]) => [name, seen(ms)])),
    others: new Set(), fsNow: 0, windowMs: 100, unknown: false, isSettled: () => true, ...more,
  })
  const told = (of: Sight): readonly string[] => [...pairUp(of).verdicts.values()].map((verdict) => (verdict.kind === 'document' ? verdict.name : verdict.kind === 'fault' ? verdict.fault.code : verdict.kind))
  const apart = (of: Sight): readonly string[] => pairUp(of).conflicts.flatMap(({ documents }) => [...documents.keys()])

  test.each<[string, readonly Partial<Claimant>[], { readonly [name: string]: number }, readonly string[]]>([
    ['a base name', [{ own: 'a.json' }], { 'a.pdf': 0, 'b.pdf': 0 }, ['a.pdf']],
    ['file', [{ own: 'm.json', file: 'a.pdf' }, { file: 'b.pdf' }], { 'a.pdf': 0, 'b.pdf': 0 }, ['a.pdf', 'b.pdf']],
    ['file and base name that are one', [{ own: 'a.json', file: 'A.PDF' }], { 'a.pdf': 0 }, ['a.pdf']],
    ['no kind of document beside one', [{ own: 'a.json' }], { 'a.pdf': 0, 'a.xml': 0 }, ['a.pdf']],
    ['file: null', [{ own: 'a.json', file: null }], { 'a.pdf': 0 }, ['none']],
    ['nothing for a cancelled document', [{ own: 'a.json', cancels: true }], {}, ['none']],
    ['a document that came as long before as nobody waits', [{ file: 'a.pdf', arrivedMs: 200 }], { 'a.pdf': 99 }, ['DOCUMENT_FILE_MISSING']],
    ['a document that came just in time', [{ file: 'a.pdf', arrivedMs: 0 }], { 'a.pdf': 100 }, ['a.pdf']],
    ['a name of an earlier night, whose wait is over', [{ file: '1.pdf', arrivedMs: 0 }, { file: '1.pdf', arrivedMs: 490 }], { '1.pdf': 495 }, ['DOCUMENT_FILE_MISSING', '1.pdf']],
  ])('pairs by %s', (what, claimants, documents, expected) => {
    const fsNow = what.startsWith('a name of') ? 500 : what.startsWith('a document that came as') ? 301 : 0
    expect([told(sight(claimants, documents, { fsNow })), apart(sight(claimants, documents, { fsNow }))]).toEqual([expected, []])
  })

  test.each<[string, readonly Partial<Claimant>[], readonly string[]]>([
    ['two rows', [{ file: 'a.pdf' }, { file: 'A.PDF' }], ['a.pdf']],
    ['a row and metadata of the base name', [{ file: 'a.pdf' }, { own: 'a.json' }], ['a.pdf']],
    ['two metadata files', [{ own: 'x.json', file: 'a.pdf' }, { own: 'a.pdf.json' }], ['a.pdf']],
    ['file beside another document of the base name', [{ own: 'a.json', file: 'b.pdf' }], ['a.pdf', 'b.pdf']],
    ['two documents of the base name', [{ own: 'b.json' }], ['b.pdf', 'b.docx']],
    ['a chain', [{ own: 'a.json', file: 'b.pdf' }, { own: 'b.json', file: 'c.pdf' }], ['a.pdf', 'b.pdf', 'c.pdf']],
    ['two rows, before anything has come', [{ file: '7.pdf' }, { file: '7.pdf' }], []],
  ])('refuses all of %s, and keeps the documents from whoever comes next', (_what, claimants, documents) => {
    const of = sight(claimants, Object.fromEntries(documents.map((name) => [name, 0])))
    expect([told(of), [...apart(of)].sort()]).toEqual([claimants.map(() => 'FILE_NAME_REFUSED'), [...documents].sort()])
    expect(told({ ...of, claimants: of.claimants.map((one, n) => (n === 0 ? { ...one, ready: false } : one)) })).toEqual(claimants.map(() => 'waits'))
    if (documents.length > 0) expect(told({ ...of, isSettled: () => false })).toEqual(claimants.map(() => 'waits'))
  })

  test('while something half-written may still name any document, only those of the base name go on', () => {
    expect(told(sight([{ own: 'a.json' }, { file: 'b.pdf' }, { own: 'x.json', file: 'c.pdf' }], { 'a.pdf': 0, 'b.pdf': 0, 'c.pdf': 0 }, { unknown: true }))).toEqual(['a.pdf', 'waits', 'waits'])
  })

  test('whatever lies there, a document goes only to the one that means it, if nobody else does and it means nothing else', () => {
    const base = constantFrom('a', 'b', 'c', 'A')
    const claimant = record({ file: option(base, { nil: undefined }), own: option(base, { nil: undefined }), arrivedMs: nat(3), ready: boolean(), cancels: boolean() })
    assert(property(array(claimant, { maxLength: 5 }), array(base, { maxLength: 4 }), boolean(), (drawn, names, settled) => {
      const claimants = drawn.map(({ file, own, ...one }, n): Claimant => ({
        id: String(n), ...one, ...(file === undefined ? (own === undefined ? { file: null } : {}) : { file: `${file}.pdf` }), ...(own === undefined ? {} : { own: `${own}.json` }),
      }))
      const of = sight(claimants, Object.fromEntries(names.map((name) => [`${name}.pdf`, 1])), { isSettled: () => settled })
      const { verdicts, conflicts } = pairUp(of)
      expect([...verdicts.keys()].sort()).toEqual(claimants.map(({ id }) => id).sort())
      const means = (one: Claimant, name: string): boolean => one.file?.toString().toLowerCase() === name.toLowerCase() || (one.file !== null && one.own?.toLowerCase().replace('json', 'pdf') === name.toLowerCase())
      for (const one of claimants) {
        const verdict = verdicts.get(one.id)!
        if (verdict.kind !== 'document') continue
        expect(means(one, verdict.name)).toBe(true)
        for (const other of claimants) if (other !== one) expect(means(other, verdict.name) && (typeof other.file !== 'string' || other.file === verdict.name || !of.documents.has(other.file))).toBe(false)
        for (const conflict of conflicts) expect(conflict.documents.has(verdict.name)).toBe(false)
      }
    }), { numRuns: 500 })
  })
})

describe('in the folder', () => {
  let stand: FolderStand
  const open = async (options: FolderStandOptions & { readonly idle?: boolean } = {}): Promise<FolderStand> => (stand = await folderStand(options))
  afterEach(() => stand.close())
  afterAll(removeFolderStore)
  const aRow = (id: string, file: string): string => `documentId,event,file\n${id},created,${file}\n`
  const got = (): readonly string[] => stand.taken.map(({ skeleton, contents }) => `${(JSON.parse(skeleton) as { documentId: string }).documentId} ${contents[0]?.sha256 === sha256Of(ADA) ? 'Ada' : contents[0]?.sha256 === sha256Of(BEN) ? 'Ben' : 'none'}`).toSorted()
  const inHand = (part: RegExp): boolean => stand.files().some((name) => name.startsWith('taking/') && part.test(name))

  test('the title that RiO gives names no document: each gets its own', async () => {
    await open()
    stand.put('CLIN Clinic letter.pdf', BEN)
    stand.put('A1.pdf', ADA)
    stand.putMetadata('A1.json', anUpload({ documentId: 'ADA', fileName: 'CLIN Clinic letter.pdf' }))
    await stand.settled(done('A1.json'))
    stand.putMetadata('CLIN Clinic letter.json', anUpload({ documentId: 'BEN' }))
    await stand.settled(done('CLIN Clinic letter.json'))
    expect(got()).toEqual(['ADA Ada', 'BEN Ben'])
  })

  test('nor alone: metadata without file whose base name nothing has waits, and is refused', async () => {
    await open({ feed: { orphan_after_mins: 0.005 } })
    stand.put('CLIN Clinic letter.pdf', BEN)
    stand.putMetadata('A1.json', anUpload({ fileName: 'CLIN Clinic letter.pdf' }))
    await stand.settled('rejected/A1.json', 'rejected/CLIN Clinic letter.pdf')
    expect([stand.taken, stand.text('rejected/A1.json.reason.txt')]).toEqual([[], expect.stringContaining('It does not say file, and no document of its base name came')])
  })

  test('file beside a document of the base name is refused, and says so', async () => {
    await open()
    stand.put('A1.pdf', ADA)
    stand.put('B1.pdf', BEN)
    stand.putMetadata('A1.json', anUpload({ file: 'B1.pdf' }))
    await stand.settled('rejected/A1.json', 'rejected/A1.pdf', 'rejected/B1.pdf')
    expect([stand.taken, stand.text('rejected/A1.json.reason.txt')]).toEqual([[], expect.stringContaining('file names one document, and another one has the base name of the metadata')])
  })

  test('two documents of one base name: nobody guesses', async () => {
    await open()
    for (const name of ['letter.pdf', 'letter.docx']) stand.put(name, ADA)
    stand.putMetadata('letter.json', anUpload())
    await stand.settled('rejected/letter.json', 'rejected/letter.pdf', 'rejected/letter.docx')
    expect(stand.rejected.map(({ code }) => code)).toEqual(['FILE_NAME_REFUSED', 'FILE_NAME_REFUSED', 'FILE_NAME_REFUSED'])
  })

  test.each(['ok', 'done', 'RDY', 'trg', 'md5', 'sha256', 'pdf.sha256'])('letter.%s is no second document, and stays', async (ending) => {
    await open()
    stand.put('letter.pdf', ADA)
    stand.put(`letter.${ending}`, '')
    stand.putMetadata('letter.json', anUpload())
    expect(await stand.settled(done('letter.json'))).toEqual([done('letter.json'), done('letter.pdf'), `letter.${ending}`].sort())
  })

  test('two rows of one index that name the same document: neither gets it', async () => {
    await open()
    stand.put('dup.pdf', BEN)
    stand.put('x.csv', 'documentId,event,file\nADA,created,dup.pdf\nBEN,created,DUP.pdf\nR3,cancelled,\n')
    await stand.settled(done('x.csv'), 'rejected/dup.pdf', 'rejected/x.row-2.csv', 'rejected/x.row-3.csv')
    expect(got()).toEqual(['R3 none'])
    expect(stand.text('rejected/x.row-2.csv.reason.txt')).toContain('Line 2, column 3: line 3 names the same document.')
  })

  test.each([
    ['rows of two indexes', () => stand.put('b.csv', aRow('BEN', '7.pdf')), 'rejected/b.row-2.csv'],
    ['a row and metadata that names it', () => stand.putMetadata('b.json', anUpload({ documentId: 'BEN', file: '7.pdf' })), 'rejected/b.json'],
    ['a row and metadata of the base name', () => stand.putMetadata('7.json', anUpload({ documentId: 'BEN' })), 'rejected/7.json'],
  ])('%s that mean the same document: neither gets it, though the row waited for it before', async (_what, putOther, other) => {
    await open()
    stand.put('a.csv', aRow('ADA', '7.pdf'))
    await until('the row is in hand', () => inHand(/a\.row-2\.csv$/u))
    putOther()
    stand.put('7.pdf', BEN)
    await stand.settled(done('a.csv'), 'rejected/7.pdf', 'rejected/a.row-2.csv', other)
    expect([stand.taken, new Set(stand.rejected.map(({ code }) => code))]).toEqual([[], new Set(['FILE_NAME_REFUSED'])])
  })

  test('two metadata files that name the same document: neither gets it', async () => {
    await open()
    stand.putMetadata('j1.json', anUpload({ documentId: 'ADA', file: 'same.pdf' }))
    stand.putMetadata('j2.json', anUpload({ documentId: 'BEN', file: 'same.pdf' }))
    stand.put('same.pdf', BEN)
    await stand.settled('rejected/j1.json', 'rejected/j2.json', 'rejected/same.pdf')
    expect(stand.taken).toEqual([])
  })

  test('a document waits while an index that is being written may name it too', async () => {
    await open({ feed: { settled_secs: 0.1 } })
    stand.put('b.csv', aRow('BEN', '7.pdf').trimEnd().slice(0, -3))
    stand.put('a.csv', aRow('ADA', '7.pdf'))
    stand.put('7.pdf', BEN)
    await until('the row is in hand', () => inHand(/a\.row-2\.csv$/u))
    stand.putMetadata('later.json', anUpload({ documentId: 'R0', event: 'cancelled' }))
    await until('a later upload is taken', () => stand.taken.length > 0)
    stand.put('b.csv', aRow('BEN', '7.pdf'))
    await stand.settled(done('a.csv'), done('b.csv'), 'rejected/7.pdf', 'rejected/a.row-2.csv', 'rejected/b.row-2.csv')
    expect(got()).toEqual(['R0 none'])
  })

  test('a document that came long before is not of this delivery', async () => {
    await open({ idle: true })
    const one = await stand.start({ feed: { orphan_after_mins: 0.01 } })
    stand.put('1.pdf', BEN)
    // As long as anything else lies there, nobody says of it that it is left over.
    stand.put('waits.json', '{')
    await one.close()
    await new Promise((resolve) => { setTimeout(resolve, 700) })
    stand.put('tonight.csv', aRow('ADA', '1.pdf'))
    await stand.start({ feed: { orphan_after_mins: 0.01 } })
    await stand.settled(done('tonight.csv'), 'rejected/tonight.row-2.csv', 'rejected/1.pdf')
    expect([stand.taken, stand.text('rejected/tonight.row-2.csv.reason.txt')]).toEqual([[], expect.stringContaining('DOCUMENT_FILE_MISSING')])
  })

  test('an engine that starts late still knows what came together', async () => {
    await open({ idle: true })
    const one = await stand.start()
    await one.close()
    stand.put('a.csv', aRow('ADA', '1.pdf'))
    stand.put('1.pdf', ADA)
    await new Promise((resolve) => { setTimeout(resolve, 700) })
    await stand.start({ feed: { orphan_after_mins: 0.01 } })
    await stand.settled(done('a.csv'), done('1.pdf'))
    expect(got()).toEqual(['ADA Ada'])
  })

  test('what another engine has in hand counts', async () => {
    await open({ idle: true })
    await stand.start()
    stand.put('a.csv', aRow('ADA', '7.pdf'))
    await until('the first has the row in hand', () => inHand(/a\.row-2\.csv$/u))
    await stand.start()
    stand.put('b.csv', aRow('BEN', '7.pdf'))
    stand.put('7.pdf', BEN)
    await until('nobody has it', () => stand.files().includes('rejected/7.pdf'))
    expect([stand.taken, stand.rejected.length > 0]).toEqual([[], true])
  })

  test('a document in hand is nobody else\'s: the same name may come again', async () => {
    await open()
    stand.put('a.csv', aRow('ADA', '1.pdf'))
    stand.put('1.pdf', ADA)
    await stand.settled(done('a.csv'))
    stand.put('b.csv', aRow('BEN', '1.pdf'))
    stand.put('1.pdf', BEN)
    await stand.settled(done('b.csv'))
    expect(got()).toEqual(['ADA Ada', 'BEN Ben'])
  })
})
