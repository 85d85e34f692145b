// What should have become of each document, worked out from the acknowledged messages alone in a few lines: the
// measure that the engine is held against. It shares no code with the engine, on purpose.
import type { Patient } from './people.ts'
import type { Upload } from './upload.ts'

type Known = {
  readonly lastTime: number
  readonly patient: Patient
  readonly share: boolean
  readonly blocked: boolean
  readonly sha256: string
  /** A message older than what was known spoke against sharing. */
  readonly tightened: boolean
  readonly cancelled: boolean
  readonly superseded: boolean
  readonly moved: boolean
}

export type Expected = {
  readonly at: 'record' | 'post' | 'review' | 'nobody'
  readonly patient: Patient
  /** Of the file in force; empty for a document that never had one. */
  readonly sha256: string
}

export type Acknowledged = Omit<Upload, 'pdf'> & { /** Of the file; absent if the message had none. */ readonly sha256?: string }

const UNSEEN = { lastTime: -1, share: false, blocked: false, sha256: '', tightened: false, cancelled: false, superseded: false, moved: false }

export type Model = {
  /** Messages about one document have to come in the order in which they were acknowledged. */
  acknowledge(message: Acknowledged): void
  /** By document id; only documents that a message of their own was acknowledged of. */
  expected(): ReadonlyMap<string, Expected>
}

export const makeModel = (): Model => {
  const known = new Map<string, Known>()
  const superseded = new Set<string>()
  return {
    acknowledge: (message) => {
      if (message.replaces !== undefined) superseded.add(message.replaces)
      known.set(message.documentId, after(known.get(message.documentId), message))
    },
    expected: () => new Map([...known].map(([id, document]) => [id, end({ ...document, superseded: superseded.has(id) })])),
  }
}

const after = (before: Known | undefined, { event, time, patient, share, code, sha256 }: Acknowledged): Known => {
  const old = before ?? { ...UNSEEN, patient }
  const cancelled = old.cancelled || event === 'cancelled'
  const blocked = code === 'HMHR'
  // Late: tightening is believed, loosening is not.
  if (time.getTime() < old.lastTime) return { ...old, cancelled, tightened: old.tightened || !share || blocked }
  const moved = old.moved || (before !== undefined && before.patient.nhsNumber !== patient.nhsNumber)
  const tightened = time.getTime() === old.lastTime && old.tightened
  return { lastTime: time.getTime(), patient, share, blocked, sha256: sha256 ?? old.sha256, tightened, cancelled, superseded: false, moved }
}

const end = (document: Known): Expected => ({ at: place(document), patient: document.patient, sha256: document.sha256 })

const place = ({ cancelled, superseded, share, blocked, tightened, moved, sha256, patient }: Known): Expected['at'] => {
  if (cancelled || superseded || !share || blocked || tightened) return 'nobody'
  if (moved || sha256 === '') return 'review'
  return patient.registered ? 'record' : 'post'
}
