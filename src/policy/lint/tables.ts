// The tables, seen with each other and with the trust's operating procedure: names that lead nowhere, sign-offs that
// are not whole, codes that must be blocked. It refuses what would let out a document that nobody agreed to share.
import { didYouMean } from '../read/nearest.ts'
import type { PolicyProblem } from '../problem.ts'
import type { CsvRow } from '../read/csv.ts'
import type { Read } from '../read/every-file.ts'
import type { Directorate, DocumentCode } from '../schema.ts'

export const tables = (read: Read): readonly PolicyProblem[] => [...codes(read), ...services(read), ...directorates(read), ...terms(read.codes), ...terms(read.services)]

type Row = { readonly [column: string]: string | undefined }
type Say<R> = (row: CsvRow<R>, column: keyof R & string, message: string) => PolicyProblem
const sayIn = <R>(file: string): Say<R> => (row, column, message) => ({ file, ...row.at(column), path: column, message })

/** Named in the operating procedure as a code that is never appropriate to share. */
const NEVER_SHARED = ['HMHR']
/** SNOMED CT: third party document. */
const THIRD_PARTY = '823941000000103'

const codes = ({ codes: { file, rows, whole } }: Read): readonly PolicyProblem[] => {
  const say = sayIn<DocumentCode>(file)
  return [
    ...rows.flatMap((one) => {
      const { code, kind, sharing, snomed } = one.row
      // Legal papers (tribunal, managers' hearing) are about the patient's detention and other people's evidence.
      if (sharing !== 'blocked' && kind === 'legal') return [say(one, 'sharing', 'a legal document is never shared with the patient this way: write blocked')]
      if (sharing !== 'blocked' && NEVER_SHARED.includes(code)) return [say(one, 'sharing', `the operating procedure names ${code} as a document that is never shared: write blocked`)]
      // Another kind would take the letter for the trust's own, and two people would no longer be asked (floor F3).
      if (sharing !== 'blocked' && snomed === THIRD_PARTY && kind !== 'external') return [say(one, 'kind', `its SNOMED CT id says that the trust did not write it (${THIRD_PARTY}): write external, or correct the id`)]
      return []
    }),
    // Without its row the code would be unlisted, and one person could release it.
    ...NEVER_SHARED.flatMap((code) => (whole && rows.length > 0 && !rows.some(({ row }) => row.code === code) ? [{ file, line: 1, col: 1, path: 'code', message: `the code ${code} is missing: the operating procedure names it as never shared, so write its row with blocked` }] : [])),
  ]
}

const services = ({ services: table, directorates: known }: Read): readonly PolicyProblem[] => {
  const names = known.rows.map(({ row }) => row.directorate)
  return table.rows.flatMap((one) =>
    names.includes(one.row.directorate) || !known.whole ? []
      : [sayIn<typeof one.row>(table.file)(one, 'directorate', `there is no directorate ${one.row.directorate} in ${known.file}: ${didYouMean(one.row.directorate, names, 'add it there, or correct it here')}`)])
}

const SIGN_OFF = ['go_live', 'signed_off_by', 'signed_off_on', 'review_by'] as const

const directorates = ({ directorates: { file, rows } }: Read): readonly PolicyProblem[] => {
  const say = sayIn<Directorate>(file)
  return rows.flatMap((one) => {
    const { row } = one
    const missing = SIGN_OFF.filter((column) => row[column] === '')
    // A management team owns the policy locally: nothing of theirs leaves before they have signed it off (floor F5).
    if (row.status === 'live' && missing.length > 0) return [say(one, 'status', `a live directorate needs ${missing.join(', ')}: fill ${missing.length === 1 ? 'it' : 'them'} in, or write observing`)]
    // Documents that came in between go-live and a later sign-off would have left without one.
    if (row.signed_off_on !== '' && row.go_live !== '' && row.signed_off_on > row.go_live) return [say(one, 'signed_off_on', `it was signed off on ${row.signed_off_on}, after the go-live date ${row.go_live}: correct one of the dates`)]
    if (row.review_by !== '' && row.signed_off_on !== '' && row.review_by <= row.signed_off_on) return [say(one, 'review_by', `the review has to come after the sign-off on ${row.signed_off_on}: write a later date`)]
    return []
  })
}

/** An id without its term cannot be checked by a reader, and a term without its id says nothing to a program. */
const terms = ({ file, rows }: { readonly file: string; readonly rows: readonly CsvRow<Row & { readonly snomed: string; readonly snomed_display: string }>[] }): readonly PolicyProblem[] =>
  rows.flatMap((one) => {
    const { snomed, snomed_display: display } = one.row
    if ((snomed === '') === (display === '')) return []
    return [sayIn<typeof one.row>(file)(one, snomed === '' ? 'snomed' : 'snomed_display', snomed === '' ? `"${display}" has no SNOMED CT id: write it, or leave both empty` : `the SNOMED CT id ${snomed} has no preferred term: write it, or leave both empty`)]
  })
