// Makes a history happen to the engine, each step after the one before was acknowledged, and then lets time pass until
// nothing is owed. It refuses to help: only what is due by the ledger is worked on, and only a person tries again what
// failed.
import { randomUUID } from 'node:crypto'
import type { ContentRef } from '../../src/types.ts'
import { theMetadata, ADA } from '../support/documents.ts'
import { aPdf } from '../support/pdf.ts'
import { contentRef, uploadReceipt } from '../support/receipts.ts'
import { keep } from '../support/shipment.ts'
import { BEGIN, type Copy, type Engine } from './engine.ts'
import type { Action, Doc, History, Message, Told } from './history.ts'
import type { Letter } from './wire.ts'
import { openWorkers } from './workers.ts'

/** What was told, and the receipt or the document under which the ledger's log has it. */
export type Step = { readonly told: Told; readonly receipt?: string }

export type Happened = {
  readonly steps: readonly Step[]
  readonly letters: readonly Letter[]
  readonly ids: { readonly [D in Doc]?: string }
  readonly patients: readonly [string, string]
  readonly title: (n: number) => string
  readonly file: (n: number) => string
  /** At the end. */
  readonly records: readonly [readonly Copy[], readonly Copy[]]
  readonly troubles: readonly string[]
}

/** By then everything is done, or never will be. */
const MOST_ROUNDS = 60
const SHARE = { share: ['MH share with patient', 'CLIN'], withhold: ['MH DO NOT share with patient', 'CLIN'], blocked: ['MH share with patient', 'HMHR'] } as const

export const happen = async ({ actions }: History, engine: Engine): Promise<Happened> => {
  const run = randomUUID()
  const patients = await engine.patients()
  const channel = engine.wire.channel()
  const [steps, troubles, ids]: [Step[], string[], { [D in Doc]?: string }] = [[], [], {}]
  let now = BEGIN
  const title = (n: number): string => `Letter ${run} ${n}.pdf`
  const pdf = (n: number): Buffer => aPdf({ mark: `${run} ${n}` })
  const iso = (): string => new Date(now).toISOString()
  const passes = (secs: number): Promise<void> => channel.store(now += secs * 1000)

  // -------------------------------------------------------------- what is told

  const send = async ({ n, doc, event, says, file, patient, at }: Message): Promise<void> => {
    const [documentType, code] = SHARE[says]
    const metadata = theMetadata({
      documentId: `${run} ${doc}`, event, documentType, name: `${code} ${title(n)}`, uploadedAt: new Date(BEGIN + at * 60_000).toISOString(),
      patient: { ...ADA, nhsNumber: patients[patient], clientId: `C${patient}` }, ...(event === 'replaced' ? { replaces: `${run} A` } : event === 'addendum' ? { parent: `${run} A` } : {}),
    })
    const contents: ContentRef[] = file ? [contentRef(pdf(n))] : []
    if (file) await keep(engine.content, pdf(n))
    const receipt = uploadReceipt(metadata, { id: randomUUID(), contents, receivedAt: iso(), ...(file ? { declaredType: 'application/pdf' } : {}) })
    const taken = await engine.take(receipt)
    if (taken.kind !== 'refused') ids[doc] = taken.id
    else if (taken.code !== 'PARENT_OF_ANOTHER_PATIENT') troubles.push(`message ${n} was refused: ${taken.code}`)
    steps.push({ told: { do: 'send', message: { n, doc, event, says, file, patient, at } }, receipt: receipt.id })
  }
  const deliveries = async (): Promise<readonly { readonly id: string; readonly document: string; readonly state: string; readonly dueAt: number | undefined }[]> => {
    const { rows } = await engine.pool.query<{ id: string; document_id: string; state: string; due_at: Date | null }>({
      name: 'differential-deliveries', text: `select id, document_id, state, due_at from deliveries where document_id = any($1::uuid[]) and destination = 'pkb'`, values: [Object.values(ids)],
    })
    return rows.map(({ id, document_id, state, due_at }) => ({ id, document: document_id, state, dueAt: due_at === null ? undefined : new Date(due_at).getTime() }))
  }
  const retry = async (doc: Doc): Promise<void> => {
    for (const { id, document, state } of await deliveries()) if (document === ids[doc] && state === 'failed') await engine.ledgers[0].retry(id, 'Records', 'mended', iso())
  }
  const tell = async (told: Told): Promise<void> => {
    if (told.do === 'send') return send(told.message)
    const id = ids[told.doc]
    if (id === undefined) return
    const [ledger] = engine.ledgers
    if (told.do === 'hold') await ledger.hold(id, 'Records', 'asked for', iso())
    else if (told.do === 'lift') await ledger.liftHold(id, 'Records', 'asked for', iso())
    else if (told.do === 'release') await ledger.release(id, 'Records', 'Head of Records', 'asked for', iso())
    else await retry(told.doc)
    steps.push({ told })
  }

  /** Right after a recall is done, nothing of the document is in anybody's record. */
  const isGone = async (documentId: string): Promise<void> => {
    const doc: Doc = documentId === ids.A ? 'A' : 'B'
    const its = steps.flatMap(({ told }) => (told.do === 'send' && told.message.doc === doc ? [title(told.message.n)] : []))
    for (const patient of patients) {
      const left = (await engine.record(patient)).filter((copy) => its.some((one) => copy.title.endsWith(one)))
      if (left.length > 0) troubles.push(`${doc} was called recalled, and was in the record: ${left[0]!.title}`)
    }
  }

  // -------------------------------------------------------------- the history, and what comes after

  const workers = openWorkers({ engine, channel, now: () => now, tell, recalled: isGone })
  const act = async (action: Action): Promise<void> => {
    await passes(1)
    if (action.do === 'wait') return passes(action.secs)
    if (action.do !== 'work') return tell(action)
    const id = ids[action.doc]
    if (id !== undefined) await workers.work(id, action)
  }
  /** Undefined once nothing is owed; what failed is tried again by a person. */
  const round = async (): Promise<boolean> => {
    const open = await deliveries()
    const failed = open.filter(({ state }) => state === 'failed')
    for (const { id } of failed) await engine.ledgers[0].retry(id, 'Records', 'mended', iso())
    const due = open.filter(({ dueAt }) => dueAt !== undefined)
    if (due.length === 0 && failed.length === 0) return false
    await passes(Math.max(1, ...(due.length > 0 ? [(Math.min(...due.map(({ dueAt }) => dueAt!)) - now) / 1000 + 1] : [])))
    for (const document of new Set([...due, ...failed].map((one) => one.document))) await workers.work(document)
    return true
  }

  for (const action of actions) await act(action)
  let rounds = 0
  while (await round()) if ((rounds += 1) > MOST_ROUNDS) break
  if (rounds > MOST_ROUNDS) troubles.push('something is still owed')
  // Whatever PKB was still storing is stored.
  await passes(24 * 3600)
  workers.close()
  for (const { state } of await deliveries()) if (state === 'blocked') troubles.push('the second key refused')
  return {
    steps, troubles, ids, patients, title, file: (n) => contentRef(pdf(n)).sha256, letters: channel.letters,
    records: [await engine.record(patients[0]), await engine.record(patients[1])],
  }
}
