// Searches by what identifies a patient. Whoever finds a document by a number learns whose it is: so they take the right to
// see patients, and each document found is a look. It refuses the others, and repeats nothing of what they asked for.
import type { Response } from 'express'
import { Failure } from '../../errors.ts'
import type { DocumentFilter } from '../../ledger/ledger.ts'
import type { FilterRead } from './filter.ts'
import { may } from '../visitor.ts'

export const namesPatient = ({ nhsNumber, title }: DocumentFilter): boolean => nhsNumber !== undefined || title !== undefined

/** The same; Failure RIGHT_MISSING where it asks for a patient and the visitor may not see any. */
export const seesPatients = (res: Response, read: FilterRead): FilterRead => {
  if (read.ok && namesPatient(read.filter) && !may(res, 'patients')) throw new Failure('RIGHT_MISSING', 'A search by NHS number or title takes the right "patients". Search by the id that RiO gave the document.')
  return read
}
