// What is known of whether a letter in the record was read, in one word and in a sentence. It refuses to read "not read"
// out of PKB's silence: acknowledged is not read, and not known to be read is not unread.
import { stands } from '../../decide/owed.ts'
import type { Delivery } from '../../types.ts'
import { londonTime } from '../times.ts'

/** `unsupported`: it came by FHIR, and by that way PKB does not say what was read. */
export type ReadState = 'read' | 'not-known' | 'unsupported'

/** Undefined where there is no copy at PKB that could be read. */
export const readStateOf = (delivery: Pick<Delivery, 'destination' | 'standing' | 'readAt' | 'via'>): ReadState | undefined => {
  if (delivery.destination !== 'pkb') return undefined
  if (delivery.readAt !== undefined) return 'read'
  if (!stands(delivery)) return undefined
  return delivery.via?.includes('hl7-soap') ? 'not-known' : 'unsupported'
}

const IN_WORDS = {
  read: ({ readAt }) => londonTime(readAt!),
  'not-known': () => 'Not known: PKB has not said so. Acknowledged is not read',
  unsupported: () => 'Cannot be known: of what came by FHIR, PKB does not say whether it was read',
} as const satisfies Record<ReadState, (delivery: Pick<Delivery, 'readAt'>) => string>

export const readInWords = (delivery: Delivery): string => {
  const state = readStateOf(delivery)
  return state === undefined ? '' : IN_WORDS[state](delivery)
}
