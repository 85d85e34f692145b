// The people this sandbox knows: all synthetic, with NHS numbers from the 999 test range. It refuses nothing: who
// is not in the list is simply not known.
import { z } from 'zod'

export type Person = {
  readonly nhsNumber: string
  /** YYYY-MM-DD; empty for somebody whom a message without one created. */
  readonly birthDate: string
  readonly registered: boolean
  readonly deceased: boolean
  /** Only for the pages. */
  readonly name?: string
  /** False: the status query says `No access`. */
  readonly access?: boolean
}

export type People = ReadonlyMap<string, Person>

export const NHS_NUMBER_SYSTEM = 'https://fhir.nhs.uk/Id/nhs-number'
export const isTenDigits = (text: string): boolean => /^\d{10}$/.test(text)

const SEED: readonly Person[] = [
  { nhsNumber: '9990000018', name: 'Ada Example', birthDate: '1970-01-01', registered: true, deceased: false },
  { nhsNumber: '9990000026', name: 'Ben Sample', birthDate: '1985-05-05', registered: false, deceased: false },
  { nhsNumber: '9990000042', name: 'Dev Specimen', birthDate: '1961-02-03', registered: true, deceased: false },
  { nhsNumber: '9990000050', name: 'Eli Pattern', birthDate: '1940-04-04', registered: true, deceased: true },
  { nhsNumber: '9990000069', name: 'Fay Muster', birthDate: '2010-06-06', registered: true, deceased: false },
  { nhsNumber: '9990000077', name: 'Gus Dummy', birthDate: '1978-07-07', registered: true, deceased: false },
  { nhsNumber: '9990000085', name: 'Hal Template', birthDate: '1966-08-08', registered: true, deceased: false },
  { nhsNumber: '9990000093', name: 'Ivy Model', birthDate: '1999-03-03', registered: false, deceased: false },
]

export const seededPeople = (): People => new Map(SEED.map((person) => [person.nhsNumber, person]))

/** What POST /control takes for one person; whatever is left out stays as it was. */
export const personSchema = z.strictObject({
  nhsNumber: z.string().regex(/^\d{10}$/, { error: 'ten digits, as text' }),
  birthDate: z.iso.date().optional(),
  registered: z.boolean().optional(),
  deceased: z.boolean().optional(),
  name: z.string().optional(),
  access: z.boolean().optional(),
})

/** A new person is registered and alive, born 1970-01-01, unless the change says otherwise. */
export const withChanges = (people: People, changes: readonly z.infer<typeof personSchema>[]): People => {
  const next = new Map(people)
  for (const change of changes) {
    const before = next.get(change.nhsNumber) ?? { birthDate: '1970-01-01', registered: true, deceased: false }
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
    next.set(change.nhsNumber, { ...before, ...given, nhsNumber: change.nhsNumber })
  }
  return next
}
