// Each way in which a spreadsheet breaks a table: file, line, column of the character, column of the table and advice,
// and nothing told besides. ¦ marks the place that has to be named.
import { parse } from 'csv-parse/sync'
import { describe, expect, test } from '@jest/globals'
import * as fc from '../../support/fast-check.ts'
import { cellsOf, placeIn } from '../../../src/policy/read/csv-cells.ts'
import { loadFiles } from '../../../src/policy/load.ts'
import { printProblem } from '../../../src/policy/problem.ts'
import { asFiles, exampleTexts, expectProblem, loadTexts, MARK, withChanges, type BrokenRow as Row, type Change } from '../../support/broken-policy.ts'
import { testEnvironment } from '../../support/policy.ts'

const CODES = 'mappings/document-codes.csv'
const SERVICES = 'mappings/services.csv'
const DIRECTORATES = 'mappings/directorates.csv'
const TABLES = [CODES, SERVICES, DIRECTORATES]
const COLUMNS: { readonly [file: string]: string } = Object.fromEntries(TABLES.map((file) => [file, exampleTexts[file]!.split('\n')[0]!]))
/** The second row of each table: its key, and the name behind it. */
const ROW = { [CODES]: ['CLIN', 'Clinic letter'], [SERVICES]: ['ADULT2', 'Luton and Bedfordshire adult community mental health'], [DIRECTORATES]: ['luton-beds', 'Luton and Bedfordshire'] } as const
const SAVE = 'save it from Excel as "CSV UTF-8 (Comma delimited)"'

describe('in every table', () => {
  const rows: readonly Row[] = TABLES.flatMap((file): readonly Row[] => {
    const [key, name] = ROW[file as keyof typeof ROW]
    const columns = COLUMNS[file]!
    const keyColumn = columns.split(',')[0]!
    const cell = (put: string): Change => [file, `\n${key},${name},`, `\n${key},${put},`]
    return [
      [`${file}: semicolons`, [file, /[\s\S]*/u, `${keyColumn}¦${columns.replaceAll(',', ';').slice(keyColumn.length)}\nX;Y\n`], `the cells are separated by semicolons: separate them by commas (${SAVE})`],
      [`${file}: tabs`, [file, /[\s\S]*/u, `${keyColumn}¦${columns.replaceAll(',', '\t').slice(keyColumn.length)}\nX\tY\n`], `the cells are separated by tabs: separate them by commas (${SAVE})`],
      [`${file}: a line for Excel alone`, [file, /^/u, '¦sep=,\n'], 'take out the line with sep=: the columns are named on line 1'],
      [`${file}: an empty first line`, [file, /^/u, '¦\n'], `line 1 is empty: line 1 names the columns ${columns}`],
      [`${file}: nothing in it`, [file, /[\s\S]*/u, MARK], `the table is empty: line 1 names the columns ${columns}`],
      [`${file}: a header and no row`, [file, /[\s\S]*/u, `${columns}¦\n`], 'the table has no rows: write one below line 1, or nothing can be decided'],
      [`${file}: a column too few`, [file, /^.*\n/u, `¦${columns.replace(',approved_on', '')}\n`], `approved_on: the column approved_on is missing: line 1 names the columns ${columns}`],
      [`${file}: a row in one pair of quotes`, [file, new RegExp(`\n(${key},.*)\n`, 'u'), '\n¦"$1"\n'], `${keyColumn}: the whole row stands in double quotes, so that it is one cell: take out the quote at its beginning and the one at its end`],
      [`${file}: an apostrophe, as Excel hides it`, cell(`¦'${name}`), 'name: take out the apostrophe before the text: Excel hides it, and here it counts'],
      [`${file}: an American date`, [file, new RegExp(`(\n${key},.*),[^,\n]+(?=\n)`, 'u'), '$1,¦10/13/2026'], 'approved_on: write 2026-10-13, if that is the day that 10/13/2026 means'],
      [`${file}: a row as a note`, [file, `\n${key},`, `\n¦# ${key},`], `${keyColumn}: a table has no notes, so a line with # would count as a row: take it out`],
      [`${file}: a note of its own`, [file, `\n${key},`, `\n¦#until the new list comes\n${key},`], `${keyColumn}: a table has no notes, so a line with # would count as a row: take it out`],
      [`${file}: quotes as Word types them`, cell(`¦“${name}”`), 'name: here stands a quote as a word processor types it (“ … ”), which counts as part of the text: type straight quotes, or none'],
      [`${file}: a word of another alphabet that looks like ours`, cell('¦\u0410\u0421'), 'name: here stands \u0410\u0421 (U+0410 U+0421), which only looks like a word in our letters: type it again'],
      [`${file}: a column misspelt`, [file, 'approved_on', '¦aproved on'], 'aproved on: there is no column aproved on: did you mean approved_on?'],
      [`${file}: a column with a capital`, [file, keyColumn, `¦${keyColumn.toUpperCase()}`], `${keyColumn.toUpperCase()}: there is no column ${keyColumn.toUpperCase()}: did you mean ${keyColumn}?`],
      [`${file}: a column too many`, [file, 'approved_on', 'approved_on,¦remarks'], `remarks: there is no column remarks: line 1 names the columns ${columns}`],
      [`${file}: a column without a name`, [file, ',approved_on', ',¦,approved_on'], `a column without a name: line 1 names the columns ${columns}`],
      [`${file}: an empty column to the right`, [file, 'approved_on', 'approved_on,¦'], 'a column without a name: in Excel delete the empty columns to the right of the table, or take out the commas at the end of each line'],
      [`${file}: semicolons in one row`, [file, new RegExp(`\n(${key}),(.*)`, 'u'), (_: string, first: string, rest: string) => `\n${first}¦;${rest.replaceAll(',', ';')}`] as never, 'the cells of this row are separated by semicolons: separate them by commas, as on line 1'],
      [`${file}: a letter of another alphabet`, cell(`${name} ¦\u0410dults`), 'name: here stands \u0410 (U+0410), which only looks like one of our letters or signs: type it again'],
      [`${file}: a wide letter`, cell(`${name} ¦\uFF21`), 'name: here stands \uFF21 (U+FF21), which only looks like one of our letters or signs: type it again'],
      [`${file}: a column twice`, [file, 'approved_on', 'approved_on,¦approved_by'], 'approved_by: the column approved_by stands twice: keep one of them'],
      [`${file}: a space in a column's name`, [file, ',name,', ',name¦ ,'], 'name: take out the space after the text'],
      [`${file}: a row too short`, [file, new RegExp(`\n${key},.*`, 'u'), `\n${key},${name}¦`], /^[a-z]+: the row has 2 cells, and line 1 has \d+: after this .* are missing; an empty cell needs its comma too$/u],
      [`${file}: an empty row`, [file, /\n$/u, `\n¦${','.repeat(columns.split(',').length - 1)}\n`], 'the row is empty: take it out'],
      [`${file}: quotes that do not close`, cell(`¦"${name}`), 'the quotes do not close: put a text with quotes or commas in double quotes, and double the quotes in it'],
      [`${file}: quotes in the middle`, cell(`${name} ¦"new"`), 'a quote in the middle of a text: put the whole text in double quotes, and double the quotes in it'],
      [`${file}: something behind the quotes`, cell(`"${name}"¦ new`), 'there is something between the closing quote and the next comma: take it out, or double the quotes inside the text'],
      [`${file}: a space before the text`, cell(`¦ ${name}`), 'name: take out the space before the text'],
      [`${file}: a space after the text`, cell(`${name}¦ `), 'name: take out the space after the text'],
      [`${file}: a space inside the quotes`, cell(`"${name}¦ "`), 'name: take out the space after the text'],
      [`${file}: a non-breaking space`, cell(`${name}¦\u00A0x`), 'name: here stands a non-breaking space (U+00A0): type an ordinary space, or none'],
      [`${file}: a character without width, behind quotes that are doubled`, cell(`"The ""${name}"" ¦\u200Bx"`), 'name: here stands a character that nobody sees (U+200B): take it out'],
      [`${file}: a tab`, cell(`${name}¦\tx`), 'name: here stands a tab: type an ordinary space, or none'],
      [`${file}: a line break`, cell(`"${name}¦\nx"`), 'name: take out the line break in the cell'],
      [`${file}: a formula`, cell('¦=A1&B1'), 'name: to Excel a cell that begins with = is a formula: write the text itself, beginning with a letter or a digit'],
      [`${file}: a command`, cell('¦"@SUM(1,2)"'), 'name: to Excel a cell that begins with @ is a formula: write the text itself, beginning with a letter or a digit'],
      [`${file}: an error of Excel`, cell('¦#N/A'), 'name: Excel wrote #N/A because it could not work the cell out: write the text itself'],
      [`${file}: no name`, cell('¦'), 'name: this must not be empty'],
      [`${file}: a character that was lost`, cell('Caf¦\uFFFD'), 'a character was lost here when the file was saved (U+FFFD): write it again'],
      [`${file}: a NUL`, cell('Caf¦\0'), 'here stands a NUL character: take it out'],
      [`${file}: no approver`, [file, new RegExp(`(\n${key},.*,)[^,]+(,[^,]+\n)`, 'u'), '$1¦$2'], 'approved_by: this must not be empty'],
      ...['-', 'tbc', 'n/a', 'Nobody'].map((who): Row => [`${file}: approved by ${who}`, [file, new RegExp(`(\n${key},.*,)[^,]+(,[^,]+\n)`, 'u'), `$1¦${who}$2`], `approved_by: "${who}" is no role: write the role that approved it, such as Director of Operations`]),
      [`${file}: a date the other way round`, [file, new RegExp(`(\n${key},.*,)[^,]+\n`, 'u'), '$1¦01/10/2026\n'], 'approved_on: write 2026-10-01, if that is the day that 01/10/2026 means'],
      [`${file}: a date as a number`, [file, new RegExp(`(\n${key},.*,)[^,]+\n`, 'u'), '$1¦46296\n'], 'approved_on: write 2026-10-01, if that is the day that 46296 means'],
      [`${file}: a date with a month in letters`, [file, new RegExp(`(\n${key},.*,)[^,]+\n`, 'u'), '$1¦01-Oct-26\n'], 'approved_on: write 2026-10-01, if that is the day that 01-Oct-26 means'],
      [`${file}: a day that no calendar has`, [file, new RegExp(`(\n${key},.*,)[^,]+\n`, 'u'), '$1¦2025-02-29\n'], 'approved_on: no calendar has 2025-02-29: February 2025 has 28 days'],
      [`${file}: no date`, [file, new RegExp(`(\n${key},.*,)[^,]+\n`, 'u'), '$1¦soon\n'], 'approved_on: write a date as 2026-11-20'],
    ]
  })
  test.each(rows)('%s', (...row) => expectProblem(row))

  test('text in another alphabet, and Greek letters by themselves, are no look-alikes', () => {
    for (const put of ['Клиника', 'Clinic Κλινική', 'β-blocker clinic', '5 µg, α and Ω'])
      expect(loadTexts(withChanges([[CODES, '\nCLIN,Clinic letter,', `\nCLIN,"${put}",`]])).lines).toEqual([])
  })
  test('a team whose letters only look right is told where it stands, and not where it is missing alone', () => {
    expect(loadTexts(withChanges([[SERVICES, '\nADULT1,', '\n\u0410DULT1,']])).lines).toContain(`${SERVICES}:2:1 team: here stands \u0410 (U+0410), which only looks like one of our letters or signs: type it again`)
  })

  test.each(TABLES)('%s: a row twice, with the same key in other letters, and with one that looks the same', (file) => {
    const [key] = ROW[file as keyof typeof ROW]
    const again = (put: string): readonly string[] => loadTexts(withChanges([[file, new RegExp(`\n(${key})(,.*)`, 'u'), `\n$1$2\n${put}$2`]])).lines
    expect(again(key)).toEqual([expect.stringMatching(new RegExp(`^${file}:4:1 [a-z]+: "${key}" stands on line 3 already: keep one of them$`, 'u'))])
    const other = key === key.toUpperCase() ? key.toLowerCase() : key.toUpperCase()
    expect(again(other)).toContainEqual(expect.stringMatching(new RegExp(`^${file}:4:1 [a-z]+: "${other}" differs only by capitals, spaces or characters that nobody sees from "${key}", which stands on line 3 already: keep one of them$`, 'u')))
    expect(again(`${key}\u200B`)).toContainEqual(expect.stringMatching(new RegExp(`^${file}:4:1 [a-z]+: "${key}\u200B" differs only by .* line 3 already`, 'u')))
  })

  describe.each(TABLES)('%s: other encodings', (file) => {
    const linesOf = (bytes: Uint8Array): readonly string[] => loadFiles(asFiles(exampleTexts, { [file]: bytes }), testEnvironment).problems.map(printProblem)
    const text = exampleTexts[file]!
    test('windows-1252: line and column of the first byte', () => {
      const at = text.split('\n').length
      const lines = linesOf(Buffer.concat([Buffer.from(text), Buffer.from('X1,Caf\xe9 \xe9', 'latin1')]))
      expect(lines).toContainEqual(`${file}:${at}:7 the file is not UTF-8: here stands the byte 0xE9, which is é in windows-1252; ${SAVE}`)
      expect(linesOf(Buffer.concat([Buffer.from(`\uFEFF${text}é,`), Buffer.from([0xc3])])).some((line) => line.startsWith(`${file}:${at}:3 the file is not UTF-8: here stands the byte 0xC3`))).toBe(true)
    })
    test.each([['with its mark', '\uFEFF'], ['without', '']])('UTF-16 %s', (_how, mark) => {
      const little = Buffer.from(`${mark}${text}`, 'utf16le')
      const big = Buffer.from(little).swap16()
      for (const bytes of [little, big]) expect(linesOf(bytes)).toContainEqual(`${file}:1:1 the file is UTF-16, and not UTF-8: ${SAVE}`)
    })
    test('a spreadsheet under the name of a table', () => {
      expect(linesOf(Buffer.from('PK\u0003\u0004xl/workbook.xml'))).toContainEqual(`${file}:1:1 this is a spreadsheet under another name, and not text: ${SAVE}`)
    })
    test('UTF-8 with its mark, and lines that end as on Windows, are right', () => {
      expect(linesOf(Buffer.from(`\uFEFF${text.replaceAll('\n', '\r\n')}`))).toEqual([])
      expect(linesOf(Buffer.from(text.replaceAll('\n', '\r')))).toEqual([])
    })
  })
})

describe('in one table', () => {
  const rows: readonly Row[] = [
    ['a small letter in a code', [CODES, '\nDISC,', '\n¦Disc,'], 'code: a code is four capital letters'],
    ['a code of five letters', [CODES, '\nDISC,', '\n¦DISCH,'], 'code: a code is four capital letters'],
    ['a kind that is near one', [CODES, 'Care plan,clinical,', 'Care plan,¦clincal,'], 'kind: write one of appointment, clinical, external, legal, other; did you mean clinical?'],
    ['a sharing that is not one', [CODES, 'Care plan,clinical,listed,', 'Care plan,clinical,¦share,'], 'sharing: write one of listed, blocked, blocked-pkb'],
    ['no sharing', [CODES, 'Care plan,clinical,listed,', 'Care plan,clinical,¦,'], 'sharing: write one of listed, blocked, blocked-pkb'],
    ['a SNOMED CT id that Excel rounded', [CODES, 'listed,823701000000103', 'listed,¦8.23701E+14'], 'snomed: Excel has rounded this number: copy the SNOMED CT id again, into a column that is formatted as text'],
    ['a SNOMED CT id with a wrong digit', [CODES, 'listed,823701000000103', 'listed,¦823701000000203'], 'snomed: the check digit of this SNOMED CT id does not fit: copy it again'],
    ['a SNOMED CT id that lost its last digits', [CODES, 'listed,823701000000103', 'listed,¦823701000000103000'], 'snomed: the check digit of this SNOMED CT id does not fit: copy it again, for Excel rounds after 15 digits'],
    ['a SNOMED CT id of a description', [CODES, 'listed,823701000000103', 'listed,¦680946014'], 'snomed: this is the SNOMED CT id of a description or a relationship: write that of the concept'],
    ['a SNOMED CT id in words', [CODES, 'listed,823701000000103', 'listed,¦letter'], 'snomed: a SNOMED CT id is 6 to 18 digits'],
    ['a SNOMED CT id without its term', [CODES, '823701000000103,Discharge letter', '823701000000103,¦'], 'snomed_display: the SNOMED CT id 823701000000103 has no preferred term: write it, or leave both empty'],
    ['a term without its SNOMED CT id', [CODES, '823701000000103,Discharge letter', '¦,Discharge letter'], 'snomed: "Discharge letter" has no SNOMED CT id: write it, or leave both empty'],
    ['a legal document that is not blocked', [CODES, 'Tribunal report,legal,blocked', 'Tribunal report,legal,¦listed'], 'sharing: a legal document is never shared with the patient this way: write blocked'],
    ['a legal document blocked from PKB alone', [CODES, 'Tribunal report,legal,blocked', 'Tribunal report,legal,¦blocked-pkb'], 'sharing: a legal document is never shared with the patient this way: write blocked'],
    ['the code of the operating procedure, not blocked', [CODES, 'Hospital managers hearing report,legal,blocked', 'Hospital managers hearing report,clinical,¦listed'], 'sharing: the operating procedure names HMHR as a document that is never shared: write blocked', { second: /^hl7_soap\.document_types: the code HMHR may be shared and has no document type/u }],
    ['the code of the operating procedure, taken out', [[CODES, /HMHR,.*\n/u, ''], [CODES, /^/u, MARK]], 'code: the code HMHR is missing: the operating procedure names it as never shared, so write its row with blocked'],
    ["an external letter taken for the trust's own", [CODES, 'produced at the trust,external', 'produced at the trust,¦clinical'], 'kind: its SNOMED CT id says that the trust did not write it (823941000000103): write external, or correct the id'],

    ['a service of no directorate', [SERVICES, 'in-scope,newham', 'in-scope,¦newam'], 'directorate: there is no directorate newam in mappings/directorates.csv: did you mean newham?'],
    ['a scope that is not one', [SERVICES, 'mental health,out-of-scope', 'mental health,¦out of scope'], 'service: write one of in-scope, out-of-scope; did you mean out-of-scope?'],
    ['a comma in a name without quotes', [SERVICES, /(\nLD1,.*)Community learning(.*,)([^,]+\n)/u, '$1Community, learning$2¦$3'], 'the row has 9 cells, and line 1 has 8: put a text with a comma in double quotes, or take out what stands here'],

    ['a live directorate without who signed it off', [DIRECTORATES, 'Newham,live,2025-01-06,Directorate Management Team', 'Newham,¦live,2025-01-06,'], 'status: a live directorate needs signed_off_by: fill it in, or write observing'],
    ['a live directorate without date of sign-off and of review', [DIRECTORATES, 'Newham,live,2025-01-06,Directorate Management Team,2024-12-16,2027-12-16', 'Newham,¦live,2025-01-06,Directorate Management Team,,'], 'status: a live directorate needs signed_off_on, review_by: fill them in, or write observing'],
    ['a live directorate without date of review', [DIRECTORATES, 'Newham,live,2025-01-06,Directorate Management Team,2024-12-16,2027-12-16', 'Newham,¦live,2025-01-06,Directorate Management Team,2024-12-16,'], 'status: a live directorate needs review_by: fill it in, or write observing'],
    ['a directorate that went live with nothing signed', [DIRECTORATES, 'Bedfordshire,observing', 'Bedfordshire,¦live'], 'status: a live directorate needs go_live, signed_off_by, signed_off_on, review_by: fill them in, or write observing'],
    ['a sign-off after go-live', [DIRECTORATES, 'Newham,live,2025-01-06,Directorate Management Team,2024-12-16', 'Newham,live,2025-01-06,Directorate Management Team,¦2025-01-07'], 'signed_off_on: it was signed off on 2025-01-07, after the go-live date 2025-01-06: correct one of the dates'],
    ['a review before the sign-off', [DIRECTORATES, 'Newham,live,2025-01-06,Directorate Management Team,2024-12-16,2027-12-16', 'Newham,live,2025-01-06,Directorate Management Team,2024-12-16,¦2024-12-16'], 'review_by: the review has to come after the sign-off on 2024-12-16: write a later date'],
    ['a go-live date in words', [DIRECTORATES, 'Newham,live,2025-01-06', 'Newham,live,¦6 January 2025'], 'go_live: write 2025-01-06, if that is the day that 6 January 2025 means'],
    ['a sign-off to come', [DIRECTORATES, 'Newham,live,2025-01-06,Directorate Management Team,2024-12-16,2027-12-16', 'Newham,live,2999-01-06,Directorate Management Team,¦2999-01-01,2999-12-16'], /^signed_off_on: 2999-01-01 is still to come, and today is /u],
    ['an approval to come', [CODES, /(DISC,.*,)[^,\n]+\n/u, '$1¦2999-10-01\n'], /^approved_on: 2999-10-01 is still to come, and today is \d{4}-\d\d-\d\d: write the day on which it was approved$/u],
    ['a status that is near one', [DIRECTORATES, 'Bedfordshire,observing', 'Bedfordshire,¦observed'], 'status: write one of live, observing, not-live; did you mean observing?'],
    ['nobody to post', [DIRECTORATES, ',,,,,engine', ',,,,,¦nobody'], 'post: write one of engine, team'],
  ]
  test.each(rows)('%s', (...row) => expectProblem(row))

  test('the line of what stands below a cell of several lines', () => {
    const lines = loadTexts(withChanges([[CODES, 'APPT,Appointment letter,', 'APPT,"Appointment\nletter\nof a team",'], [CODES, '\nDISC,', '\nDisc,']])).lines
    expect(lines).toEqual([`${CODES}:2:18 name: take out the line break in the cell`, `${CODES}:6:1 code: a code is four capital letters`])
  })
})

test('cells are read as another reader of CSV reads them, and each stands where it says', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', 'é', '"', ',', ' ', '\n', '\r\n', ';') })
  fc.assert(fc.property(fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 5 }), fc.constantFrom('\n', '\r\n'), (table, end) => {
    const text = table.map((row) => row.map((one) => (/[",\r\n]/u.test(one) ? `"${one.replaceAll('"', '""')}"` : one)).join(',')).join(end)
    const { records, wrong } = cellsOf(text)
    expect(wrong).toEqual([])
    expect(records.map(({ cells }) => cells.map((one) => one.text))).toEqual(parse(text, { relax_column_count: true, record_delimiter: end }))
    const lines = text.split(/\r\n|\n/u)
    for (const { cells } of records) for (const one of cells) for (const [at, letter] of Array.from(one.text).entries()) {
      if (letter === '\r' || letter === '\n') continue
      const { line, col } = placeIn(one, at)
      expect(lines[line - 1]![col - 1]).toBe(letter)
    }
  }), { numRuns: 300 })
})
