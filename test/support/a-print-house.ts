// A print house that is simply the letters that lie in its outbox and those that it took, and that answers a worker as the
// real folder does. It refuses nothing, and to have one letter twice.
import { TAKEN, TAKEN_BEFORE } from '../../src/decide/owed.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'

export type Letter = { readonly revision: number; readonly sha256: string }
export type Batch<L extends Letter = Letter> = L & { place: 'outbox' | 'taken' | 'printed' }
/** All that it has, in the order in which it came. */
export type PrintHouse<L extends Letter = Letter> = { batches: Batch<L>[] }

/** What a worker hears. `batch`: of which letter; `taken`: its content, where that was too late to be taken back. */
export type Heard = { readonly kind: 'accepted' | 'refused'; readonly code: string; readonly batch?: string; readonly taken?: string }
const ACCEPTED = { kind: 'accepted', code: '201' } as const

export const batchOf = ({ revision }: Pick<Letter, 'revision'>): string => `batch-r${revision}`

/** What is done there for a worker: what lies in the outbox gives way to what is handed over, and what it took counts as that where it is the same. */
export const atPrint = <L extends Letter>(house: PrintHouse<L>, action: string, letter: L): Heard => {
  if (action === 'look') return ACCEPTED
  const gone = house.batches.filter(({ place }) => place !== 'outbox')
  if (action === 'recall') {
    house.batches = gone
    const last = gone.find(({ revision }) => revision === letter.revision) ?? gone.at(-1)
    return last ? { kind: 'refused', code: last.revision === letter.revision ? TAKEN : TAKEN_BEFORE, batch: batchOf(last), taken: last.sha256 } : ACCEPTED
  }
  const same = gone.find(({ sha256, revision }) => sha256 === letter.sha256 || revision === letter.revision)
  house.batches = same ? gone : [...gone, { ...letter, place: 'outbox' }]
  return { ...ACCEPTED, batch: batchOf(same ?? letter) }
}

/** What it does with the first letter that lies so, and how it answers about that. */
export const handles = (house: PrintHouse, from: Batch['place'], to: 'taken' | 'printed' | 'rejected'): Omit<Parameters<Ledger['acknowledgePrint']>[0], 'deliveryId'> | undefined => {
  const batch = house.batches.find(({ place }) => place === from)
  if (!batch) return undefined
  if (to === 'rejected') house.batches = house.batches.filter((one) => one !== batch)
  else batch.place = to
  return to === 'taken' ? undefined : { accepted: to === 'printed', batch: batchOf(batch), revision: batch.revision }
}
