// The messages of a bench: one letter after another, each about its own document with its own file, to people who have
// a PKB account.
import { aPdf } from '../test/support/pdf.ts'
import { people, type Patient } from './people.ts'
import { sha256Of } from './stories.ts'
import { messageOf, type Door, type Message } from './upload.ts'

export type Letters = { readonly messages: readonly Message[]; readonly sha256s: readonly string[] }

export const readers: readonly [Patient, ...Patient[]] = people(40).filter(({ registered }) => registered) as [Patient, ...Patient[]]

/** A message of about 1.5 KB has a file of this size; one of 1 MB has a file of 1 MiB. */
export const SIZES = { '1.5 KB': 620, '1 MB': 1_048_576 } as const
export type Size = keyof typeof SIZES

export const letters = (name: string, count: number, size: Size, door: Door, now = new Date()): Letters => {
  const made = Array.from({ length: count }, (_, index) => {
    const documentId = `B-${name}-${index}`
    const pdf = aPdf({ mark: documentId, bytes: SIZES[size] })
    const time = new Date(Math.floor(now.getTime() / 1000) * 1000)
    const patient = readers[index % readers.length]!
    return { message: messageOf({ controlId: documentId, documentId, event: 'created', patient, share: true, code: 'CLIN', time, pdf }, door), sha256: sha256Of(pdf) }
  })
  return { messages: made.map(({ message }) => message), sha256s: made.map(({ sha256 }) => sha256) }
}
