// A record at PKB that is simply what was put into it, by either transport, and that ends each exchange as it is told to:
// at once, never, later, or unheard. It refuses nothing by itself but letters for people without an account.
import type { Recall, Shipment } from '../../src/deliver/destination.ts'
import { GONE } from '../../src/deliver/outcomes.ts'
import type { Outcome, Transport } from '../../src/types.ts'

/** A letter as it stands there. */
export type Copy = { readonly identifier: string; readonly nhsNumber: string; readonly revision: number; readonly sha256: string }

/** How an exchange ends. `lost`: never done, and nobody hears; `cut`: done, and nobody hears; `late`: done later, and nobody hears. */
export type How = 'well' | 'unavailable' | 'refused' | 'lost' | 'cut' | 'late'

export const UNSAID = { kind: 'unsure', code: 'ECONNRESET', detail: '' } as const satisfies Outcome
export const AWAY = { kind: 'unavailable', code: '503', detail: '' } as const satisfies Outcome
export const DONE = { kind: 'accepted', code: '201', detail: '' } as const satisfies Outcome
const REFUSED = { kind: 'refused', code: 'AR', detail: '', person: true } as const satisfies Outcome
const UNREGISTERED = { kind: 'unregistered', code: '422', detail: '' } as const satisfies Outcome
/** Where nothing is done now. */
const UNDONE: Readonly<Partial<Record<How, Outcome>>> = { unavailable: AWAY, refused: REFUSED, lost: UNSAID, late: UNSAID }

/** `late`: what is done of it later. */
export type Answer = { readonly outcome: Outcome; readonly late?: () => void }

export type PkbRecord = {
  copies(): readonly Copy[]
  put(action: 'create' | 'update', shipment: Shipment, by: Transport, how: How): Answer
  recall(recall: Recall, by: Transport, how: How): Answer
  /** By FHIR. */
  seen(identifier: string): Copy | undefined
}

/** `puts`: something is about to be put there. */
export const openRecord = ({ registered, puts }: { readonly registered: (nhsNumber: string) => boolean; readonly puts: (shipment: Shipment) => void }): PkbRecord => {
  const record = new Map<string, Copy & { readonly version: number }>()
  let version = 0
  const keyOf = (identifier: string, by: Transport): string => `${identifier} ${by}`
  const whereOf = ({ via }: Pick<Recall, 'via'>, by: Transport): readonly Transport[] => (via && via.length > 0 ? via : [by])
  const store = (shipment: Shipment, by: Transport): void => {
    puts(shipment)
    const { identifier, nhsNumber, revision, content: { sha256 } } = shipment
    record.set(keyOf(identifier, by), { identifier, nhsNumber, revision, sha256, version: (version += 1) })
  }

  return {
    copies: () => [...record.values()],
    seen: (identifier) => record.get(keyOf(identifier, 'fhir')),
    put: (action, shipment, by, how) => {
      // What stands by the transport of before is taken back first.
      const elsewhere = whereOf(shipment, by).filter((one) => one !== by)
      for (const one of elsewhere) record.delete(keyOf(shipment.identifier, one))
      const told = (outcome: Outcome): Outcome => (elsewhere.length > 0 ? { ...outcome, takenBack: elsewhere } : outcome)
      const there = () => record.get(keyOf(shipment.identifier, by))
      const before = there()?.version
      const undone = UNDONE[how]
      // By FHIR what comes late comes on condition that nothing else came before it.
      if (undone) return { outcome: told(undone), ...(how === 'late' ? { late: () => { if (by === 'hl7-soap' || (there()?.version === before && (action === 'update' || before === undefined))) store(shipment, by) } } : {}) }
      if (!registered(shipment.nhsNumber)) return { outcome: told(UNREGISTERED) }
      store(shipment, by)
      return { outcome: told(how === 'cut' ? UNSAID : { ...DONE, remoteId: `remote-${shipment.identifier}` }) }
    },
    recall: (recall, by, how) => {
      const where = whereOf(recall, by)
      const takenBack = (): void => { for (const one of where) record.delete(keyOf(recall.identifier, one)) }
      const undone = UNDONE[how]
      if (undone) return { outcome: undone, ...(how === 'late' ? { late: takenBack } : {}) }
      const was = where.some((one) => record.has(keyOf(recall.identifier, one)))
      takenBack()
      if (how === 'cut') return { outcome: UNSAID }
      return { outcome: { ...DONE, ...(where.includes('hl7-soap') ? {} : { confirmed: true as const, ...(was ? {} : { code: GONE }) }) } }
    },
  }
}
