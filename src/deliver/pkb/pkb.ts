// The patient's record at PKB behind one door, whether documents go there by FHIR or by HL7. It refuses to let a copy
// stand by one transport while another one is put by the other, to say that nothing stands where nobody can look, and
// to let a transport that is not chosen any more keep letters from going by the one that is.
import type { PkbDestination } from '../../policy/schema.ts'
import type { Outcome, OutcomeKind, Transport } from '../../types.ts'
import type { Destination, DestinationParts, Recall, Shipment } from '../destination.ts'
import { byFhir } from './by-fhir.ts'
import { byHl7, CANNOT_LOOK } from './by-hl7.ts'
import type { ByTransport } from './by-transport.ts'
import { openConnections } from './connections.ts'

export const openPkb = (settings: PkbDestination, { content, now }: DestinationParts & { readonly now: () => Date }): Destination => {
  const connections = openConnections(settings.at_once)
  const parts = { connections, content, now }
  const by: Readonly<Record<Transport, ByTransport>> = { fhir: byFhir(settings, parts), 'hl7-soap': byHl7(settings.hl7_soap, parts) }
  const configured = settings.transport
  const where = ({ via }: Pick<Recall, 'via'>): readonly Transport[] => (via && via.length > 0 ? via : [configured])

  const takeBack = async (transport: Transport, recall: Recall | Shipment, signal: AbortSignal): Promise<Outcome> => {
    const outcome = await by[transport].recall(recall, signal)
    return transport === configured ? outcome : ofOther(outcome)
  }

  const put = (action: 'create' | 'update') => async (shipment: Shipment, signal: AbortSignal): Promise<Outcome> => {
    const elsewhere = where(shipment).filter((transport) => transport !== configured)
    for (const transport of elsewhere) {
      const outcome = await takeBack(transport, shipment, signal)
      if (outcome.kind !== 'accepted') return outcome
    }
    // What stood only elsewhere is not there any more, so there is nothing to update.
    const outcome = await by[configured][where(shipment).includes(configured) ? action : 'create'](shipment, signal)
    return elsewhere.length === 0 ? outcome : { ...outcome, takenBack: elsewhere }
  }

  return {
    name: 'pkb',
    create: put('create'),
    update: put('update'),
    recall: async (recall, signal) => {
      const outcomes: Outcome[] = []
      // Each of them, whatever becomes of the others: what may be read is taken back first and explained later.
      for (const transport of where(recall)) outcomes.push(await takeBack(transport, recall, signal))
      return worst(outcomes)
    },
    look: async (recall, signal) => {
      const asked = where(recall)
      if (asked.includes('hl7-soap')) return { found: false, outcome: { ...CANNOT_LOOK, trace: { correlation: recall.attemptId } } }
      return by.fhir.look(recall, signal)
    },
    close: () => connections.close(),
  }
}

/** That the other one refuses this engine stops nothing: the copy is tried again by waits that grow, and only it. */
const ofOther = (outcome: Outcome): Outcome =>
  outcome.kind === 'accepted' ? outcome : { ...outcome, kind: outcome.kind === 'forbidden' ? 'unavailable' : outcome.kind, elsewhere: true }

/** What is tried again comes before what stops: the rest must not be left standing because one of them refuses. */
const RANK = { unsure: 0, unavailable: 1, forbidden: 2, unregistered: 3, refused: 4, accepted: 5 } as const satisfies Record<OutcomeKind, number>

/** Among good ones that of whom nobody has seen it gone. */
const worst = ([first, ...rest]: readonly Outcome[]): Outcome => {
  if (!first) throw new Error('There is no transport.')
  return rest.reduce((one, other) => (RANK[other.kind] < RANK[one.kind] || (other.kind === one.kind && one.confirmed && !other.confirmed) ? other : one), first)
}
