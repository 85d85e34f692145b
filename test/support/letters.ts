// One document on its way to patients: the real lines of two workers, the real print house folder, and a record at PKB
// that is simply what was put into it. A worker stops wherever an exchange begins, and a test says how that ends and what
// happens meanwhile. It writes down what must never happen at the moment at which it does.
import { mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Destination, Shipment } from '../../src/deliver/destination.ts'
import { workOn, type Line } from '../../src/deliver/line.ts'
import { openGate } from '../../src/deliver/gate.ts'
import { printDestination } from '../../src/deliver/print/destination.ts'
import { hotFolder } from '../../src/deliver/print/hot-folder.ts'
import type { Manifest } from '../../src/deliver/print/manifest.ts'
import { planAgain } from '../../src/deliver/worker.ts'
import { NHS_NUMBER } from '../../src/fhir/systems.ts'
import type { ContentStore } from '../../src/ledger/content.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import type { Outcome, Transport } from '../../src/types.ts'
import { AWAY, DONE, openRecord, UNSAID, type Answer, type Copy, type How } from './a-record.ts'
import type { TestLedger } from './ledger.ts'
import { printSettings } from './print.ts'
import { openTurns } from './open-turns.ts'

export type Batch = Omit<Copy, 'identifier'> & { readonly name: string; readonly batch: string; readonly deliveryId: string; readonly place: 'outbox' | 'taken' | 'printed' | 'rejected' }

/** What RiO and people have said so far, kept apart from the ledger: the measure for what it does. */
export type Truth = {
  readonly revisions: Map<number, { readonly nhsNumber: string; /** As it stands on an envelope. */ readonly name: string; readonly sha256: string }>
  /** Why it may go nowhere. */
  forbidden(): string | undefined
  registered(nhsNumber: string): boolean
  stopped: boolean
}

export type End = { readonly how: How; /** Its worker is heard of no more, and its locks are gone. */ readonly dies?: true }
export type At = 'pkb' | 'print'

export type Letters = {
  readonly harm: string[]
  records(): readonly Copy[]
  batches(): readonly Batch[]
  /** A worker goes on until an exchange begins, or until nothing is due; nothing where one is under way there. */
  begin(at: At): Promise<void>
  end(at: At, end: End): Promise<void>
  /** What was late is done now. */
  late(): Promise<void>
  /** What the print house does with the first letter that lies so. */
  house(from: Batch['place'], to: 'taken' | 'printed' | 'rejected'): Promise<void>
}

class Died extends Error {}

const RETRY = { first_secs: 30, ceiling_secs: 600, jitter: 0 }

export const openLetters = ({ place, ledgers, documentId, folder, truth, files }: {
  readonly place: TestLedger; readonly ledgers: readonly [Ledger, Ledger]; readonly documentId: string; readonly folder: string; readonly truth: Truth; readonly files: ReadonlyMap<string, Buffer>
}): Letters => {
  const harm: string[] = []
  const now = (): Date => place.clock.at
  /** By which a worker goes on until its exchange is over. */
  const transport = (): Transport => place.policy.destinations.pkb!.transport

  const subjectOf = ({ resource }: Shipment): string | undefined => (resource.subject?.identifier?.system === NHS_NUMBER ? resource.subject.identifier.value : undefined)
  const judged = ({ revision, nhsNumber, content }: Shipment, to: string | undefined, at: At): void => {
    const said = truth.revisions.get(revision)
    if (said?.nhsNumber !== to || nhsNumber !== to) harm.push(`${at}: revision ${revision} of ${said?.nhsNumber} went to ${to}`)
    if (said?.sha256 !== content.sha256) harm.push(`${at}: revision ${revision} went with another file`)
  }
  const beside = (shipment: Shipment, at: At): void => {
    const { identifier, deliveryId, content: { sha256 } } = shipment
    const [copies, letters] = [record.copies(), batches()]
    for (const copy of copies) if (copy.identifier !== identifier) harm.push(`${at}: while the patient of before had it in the record`)
    const has = copies.some((copy) => copy.identifier === identifier)
    for (const one of letters) if (one.place === 'outbox' && (at === 'pkb' ? !has || one.sha256 === sha256 : one.deliveryId !== deliveryId)) harm.push(`${at}: while it lay in the outbox`)
    const gone = letters.filter((one) => one.place === 'taken' || one.place === 'printed')
    if (at === 'pkb') {
      const last = gone.filter((one) => one.deliveryId === printOf.get(identifier)).at(-1)
      if (last?.sha256 === sha256 && !has) harm.push('pkb: though it was printed')
      return
    }
    printOf.set(identifier, deliveryId)
    if (gone.some((one) => one.deliveryId === deliveryId && one.sha256 === sha256) && gone.filter((one) => one.deliveryId === deliveryId).at(-1)?.sha256 === sha256) harm.push('print: twice')
    const copy = copies.find((one) => one.identifier === identifier)
    if (copy?.sha256 === sha256 && !gone.some((one) => one.deliveryId === deliveryId && one.sha256 !== sha256 && one.revision > copy.revision)) harm.push('print: beside a copy at PKB')
  }
  /** Deliveries by post, by the identifier of their patient. */
  const printOf = new Map<string, string>()

  const record = openRecord({ registered: truth.registered, puts: (shipment) => { judged(shipment, subjectOf(shipment), 'pkb'); beside(shipment, 'pkb') } })

  // ---------------------------------------------------------------- the print house

  const settings = printSettings(folder)
  const hot = hotFolder(folder)
  const content: Pick<ContentStore, 'read'> = { read: async (sha256) => Readable.from([files.get(sha256)!]) }
  const real = printDestination({ settings, content: content as ContentStore, now })
  const claimed = new Map<string, Batch>()
  const claimedAt = join(folder, 'claimed')
  const manifestAt = (path: string, place: Batch['place']): Batch => {
    const { header: { batch }, items: [item] } = JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')) as Manifest
    return { batch, deliveryId: item.item, name: item.name, nhsNumber: item.nhsNumber, revision: item.revision, sha256: item.sha256, place }
  }
  const outbox = (): readonly Batch[] => {
    const at = join(folder, 'outbox')
    try {
      return readdirSync(at).filter((name) => !name.startsWith('.')).toSorted().map((name) => manifestAt(join(at, name), 'outbox'))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }
  const batches = (): readonly Batch[] => [...claimed.values(), ...outbox()]

  /** What is new in the outbox is judged as it comes there. */
  const handOver = async (action: 'create' | 'update', shipment: Shipment, signal: AbortSignal): Promise<Outcome> => {
    const before = new Set(outbox().map(({ batch }) => batch))
    const outcome = await real[action](shipment, signal)
    const come = outbox().find(({ batch }) => !before.has(batch))
    if (!come) return outcome
    judged(shipment, come.nhsNumber, 'print')
    if (come.name !== truth.revisions.get(shipment.revision)?.name) harm.push('print: another name stands on the envelope')
    const others = outbox().filter(({ batch, deliveryId }) => batch !== come.batch && deliveryId === come.deliveryId)
    if (others.length > 0) harm.push('print: two in the outbox')
    beside(shipment, 'print')
    return outcome
  }

  // ---------------------------------------------------------------- workers

  type Hand = { end: PromiseWithResolvers<End>; stopped: PromiseWithResolvers<void>; dead: boolean }
  const hands = new Map<At, Hand>()
  let late: (() => unknown)[] = []
  let turns = 0

  const permitted = (action: string, at: At): void => {
    const why = truth.forbidden()
    if (why !== undefined) harm.push(`${at}: a ${action} was begun though ${why}`)
    if (truth.stopped) harm.push(`${at}: a ${action} was begun in spite of the stop`)
  }
  const parked = async (at: At): Promise<End> => {
    const hand = hands.get(at)!
    hand.stopped.resolve()
    const end = await hand.end.promise
    hand.end = Promise.withResolvers()
    hand.dead = end.dies === true
    return end
  }
  const answered = ({ outcome, late: rest }: Answer): Outcome => {
    if (rest) late.push(rest)
    return outcome
  }
  const sendPkb = (action: 'create' | 'update') => async (shipment: Shipment): Promise<Outcome> => {
    permitted(action, 'pkb')
    const by = transport()
    return answered(record.put(action, shipment, by, (await parked('pkb')).how))
  }
  const pkb: Destination = {
    name: 'pkb', create: sendPkb('create'), update: sendPkb('update'), close: async () => undefined,
    recall: async (recall) => {
      const by = transport()
      return answered(record.recall(recall, by, (await parked('pkb')).how))
    },
    look: async (recall) => {
      const { how } = await parked('pkb')
      const found = record.seen(recall.identifier)
      if (how !== 'well') return { found: false, outcome: AWAY }
      return found ? { found: true, remoteId: `remote-${recall.identifier}`, revision: found.revision, sha256: found.sha256, outcome: DONE } : { found: false, outcome: DONE }
    },
  }
  const sendPrint = (action: 'create' | 'update') => async (shipment: Shipment, signal: AbortSignal): Promise<Outcome> => {
    permitted(action, 'print')
    const { how } = await parked('print')
    if (how === 'unavailable' || how === 'refused') return AWAY
    if (how === 'lost') return UNSAID
    if (how === 'late') {
      late.push(() => handOver(action, shipment, signal))
      return UNSAID
    }
    const outcome = await handOver(action, shipment, signal)
    return how === 'cut' ? { ...UNSAID, ...(outcome.remoteId ? { remoteId: outcome.remoteId } : {}) } : outcome
  }
  const print: Destination = {
    name: 'print', create: sendPrint('create'), update: sendPrint('update'), close: async () => undefined,
    recall: async (recall, signal) => {
      const { how } = await parked('print')
      return how === 'unavailable' ? AWAY : how === 'lost' || how === 'late' ? UNSAID : real.recall(recall, signal)
    },
    look: async (recall, signal) => ((await parked('print')).how === 'unavailable' ? { found: false, outcome: AWAY } : real.look(recall, signal)),
  }

  const asked = new Set<string>()
  const turn = async (at: At): Promise<void> => {
    const ledger = ledgers[turns++ % 2]!
    const hand = hands.get(at)!
    const lock: Line['ledger']['lock'] = async (document, to) => {
      const taken = await ledger.lock(document, to)
      return taken && { ...taken, finish: async (...end) => { if (hand.dead) throw new Died(); return taken.finish(...end) } }
    }
    const { wake, take } = openTurns(() => now().getTime())
    const gate = openGate({ name: at, rules: { opens_after: 1e6, probe_secs: 60, at_once: 1 }, say: () => undefined, now, onAdmits: () => undefined })
    const line: Line = {
      destination: at === 'pkb' ? pkb : print, gate: { ...gate, shutUntil: () => undefined, hear: () => undefined, waitMs: () => 0 }, retry: RETRY, timeoutSecs: 60,
      ledger: { savePerson: ledger.savePerson, lock, slot: async () => ({ used: async () => undefined, release: async () => undefined }) },
      wake: { wake },
      ...(at === 'pkb' ? { desk: { want: (nhsNumber) => { asked.add(nhsNumber) } } } : {}),
      policy: () => place.policy, planAgain, say: () => undefined, sayPolicy: () => undefined, now, random: () => 0.5, stopping: new AbortController().signal,
    }
    try {
      await take(() => workOn(documentId, line, false, () => undefined))
    } catch (error) {
      if (!(error instanceof Died)) throw error
    } finally {
      gate.close()
      hands.delete(at)
    }
    for (const nhsNumber of asked) await place.ledger.savePerson(nhsNumber, { registered: truth.registered(nhsNumber), deceased: false }, now().toISOString())
    asked.clear()
  }

  return {
    harm, batches,
    records: record.copies,
    begin: async (at) => {
      if (hands.has(at)) return
      const hand: Hand = { end: Promise.withResolvers(), stopped: Promise.withResolvers(), dead: false }
      hands.set(at, hand)
      turn(at).then(() => hand.stopped.resolve(), (error: unknown) => hand.stopped.reject(error))
      await hand.stopped.promise
    },
    end: async (at, end) => {
      const hand = hands.get(at)
      if (!hand) return
      hand.stopped = Promise.withResolvers()
      hand.end.resolve(end)
      await hand.stopped.promise
    },
    late: async () => {
      const due = late
      late = []
      for (const one of due) await one()
    },
    house: async (from, to) => {
      const letter = batches().find((one) => one.place === from)
      if (!letter) return
      if (from === 'outbox') {
        mkdirSync(claimedAt, { recursive: true })
        renameSync(join(folder, 'outbox', letter.batch), join(claimedAt, letter.batch))
      }
      claimed.set(letter.batch, { ...letter, place: to })
      if (to === 'taken') return
      await hot.acknowledge(letter.batch, to)
      await place.ledger.acknowledgePrint({ deliveryId: letter.deliveryId, accepted: to === 'printed', batch: letter.batch, revision: letter.revision }, now().toISOString())
    },
  }
}
