// What was ever stored, replaced, deleted or held, in order, for tests that compare a record's whole history with what
// it should have been. It holds hashes and numbers of made-up people, in memory, and refuses to grow past its limit:
// the oldest entries go first.
import type { Action, Stored } from './documents.ts'

export const MOST = 200_000

export type HistoryEntry = {
  readonly at: string
  readonly action: Action
  readonly by: Stored['by']
  readonly id: string
  /** The value of the first identifier, or TXA-12.1. */
  readonly key: string
  readonly nhsNumber: string
  readonly sha256: string
  /** FHIR: the master identifier's value; null for HL7. */
  readonly masterIdentifier: string | null
  /** HL7: MSH-10; null for FHIR. */
  readonly controlId: string | null
}

export type History = { note(action: Action, stored: Stored, at: string): void; list(): readonly HistoryEntry[]; clear(): void }

export const newHistory = (most = MOST): History => {
  let entries: HistoryEntry[] = []
  return {
    note: (action, { by, id, key, nhsNumber, cut, revision }, at) => {
      // A deleted document's bytes are gone, its hash is not.
      entries.push({ at, action, by, id, key, nhsNumber, sha256: cut?.sha256 ?? '', masterIdentifier: by === 'fhir' ? revision : null, controlId: by === 'hl7' ? revision : null })
      if (entries.length > most * 1.1) entries = entries.slice(-most)
    },
    list: () => entries.slice(-most),
    clear: () => { entries = [] },
  }
}
