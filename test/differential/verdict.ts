// Holds what happened against the model: the records at the end, every letter that went past, and every attempt in the
// ledger's log. Says what is wrong, a line each; nothing is wrong if there is none.
import type { Pool } from 'pg'
import type { Happened, Step } from './happen.ts'
import { DOCUMENTS, type Doc } from './history.ts'
import { after, NOTHING, shown, type Model, type Shown } from './model.ts'

type Entry = { readonly doc: Doc; readonly kind: string; readonly detail: { readonly [name: string]: unknown } }

const bothOf = (model: Model): readonly Shown[] => DOCUMENTS.flatMap((doc) => shown(model, doc) ?? [])

export const verdict = async (happened: Happened, pool: Pool): Promise<readonly string[]> => {
  const models = happened.steps.reduce<readonly Model[]>((before, { told }) => [...before, after(before.at(-1)!, told)], [NOTHING])
  return [...happened.troubles, ...records(happened, models.at(-1)!), ...letters(happened, models), ...attempts(happened, await log(happened, pool))]
}

/** Each record ends as the model says. */
const records = ({ records, title, file }: Happened, model: Model): readonly string[] =>
  ([0, 1] as const).flatMap((patient) => {
    const expected = bothOf(model).filter((one) => one.patient === patient).map((one) => `${title(one.n)} ${file(one.file)}`).toSorted()
    const found = records[patient].map((copy) => `${withoutCode(copy.title)} ${copy.sha256}`).toSorted()
    const told = (lines: readonly string[]): string => lines.map((line) => line.replace(/^.* (\d+)\.pdf \w*(\w{4})$/u, 'message $1 (…$2)')).join(', ') || 'nothing'
    return JSON.stringify(expected) === JSON.stringify(found) ? [] : [`the record of patient ${patient} holds ${told(found)}, and should hold ${told(expected)}`]
  })

const withoutCode = (title: string): string => title.replace(/^[A-Z]{4} /u, '')

/** No letter ever went past that was not to be shown at some time, under that title and with that file. */
const letters = ({ letters, title, file }: Happened, models: readonly Model[]): readonly string[] => {
  const may = new Set(models.flatMap(bothOf).map((one) => `${title(one.n)} ${file(one.file)}`))
  return letters.filter((letter) => !may.has(`${withoutCode(letter.title)} ${letter.sha256}`)).map((letter) => `sent, and never to be shared: ${letter.title}`)
}

const log = async ({ ids }: Happened, pool: Pool): Promise<readonly Entry[]> => {
  const { rows } = await pool.query<{ document_id: string; kind: string; detail: string }>({
    name: 'differential-log', text: 'select document_id, kind, detail from events where document_id = any($1::uuid[]) order by seq', values: [Object.values(ids)],
  })
  return rows.map(({ document_id, kind, detail }) => ({ doc: document_id === ids.A ? 'A' : 'B', kind, detail: JSON.parse(detail) as Entry['detail'] }))
}

const TOLD: { readonly [kind: string]: string } = { held: 'hold', 'hold-lifted': 'lift', released: 'release' }

/** Whether this entry of the log is where the step was taken in. */
const isOf = ({ kind, doc, detail }: Entry, { told, receipt }: Step): boolean =>
  told.do === 'send' ? (kind === 'received' || kind === 'late') && detail['receipt'] === receipt : TOLD[kind] === told.do && told.doc === doc

/** A person's now: refused, or an error of which PKB asks that nobody tries again by himself. */
const isFailed = ({ outcome, code, action }: Entry['detail']): boolean => outcome === 'refused' || (code === 'AE' && action !== 'recall')

/**
 * Whoever starts a create or an update does so for the latest revision of a document that may be shown at that moment
 * of the log, and for one patient after it was taken back from the other. What failed is not tried again before somebody
 * has said something.
 */
const attempts = ({ steps }: Happened, entries: readonly Entry[]): readonly string[] => {
  const wrong: string[] = []
  const latest: { [D in Doc]?: unknown } = {}
  const failed = new Set<unknown>()
  /** Deliveries that PKB was heard to have, with their document. */
  const stands = new Map<unknown, Doc>()
  let model = NOTHING
  let next = 0
  for (const entry of entries) {
    const at = steps.findIndex((step, index) => index >= next && isOf(entry, step))
    // Steps that left no trace, such as repeats, change nothing in the model either.
    if (at >= 0) for (; next <= at; next += 1) model = after(model, steps[next]!.told)
    const { doc, kind, detail } = entry
    if (kind === 'received') latest[doc] = detail['revision']
    if (kind === 'attempt-ended' && isFailed(detail)) failed.add(doc)
    else if (kind !== 'attempt-started' && kind !== 'attempt-ended') failed.clear()
    if (kind === 'attempt-ended' && detail['outcome'] === 'accepted') {
      if (detail['action'] === 'recall') stands.delete(detail['delivery'])
      else if (detail['action'] !== 'look') stands.set(detail['delivery'], doc)
    }
    if (kind !== 'attempt-started') continue
    if (failed.has(doc)) wrong.push(`${doc} failed, and was tried again by nobody's wish`)
    if (detail['action'] !== 'create' && detail['action'] !== 'update') continue
    if ([...stands].some(([delivery, of]) => of === doc && delivery !== detail['delivery'])) wrong.push(`a ${String(detail['action'])} of ${doc} was started for one patient while the other still had it`)
    if (!shown(model, doc)) wrong.push(`a ${String(detail['action'])} of ${doc} was started after it was not to be shared any more`)
    else if (detail['revision'] !== latest[doc]) wrong.push(`revision ${String(detail['revision'])} of ${doc} was started when ${String(latest[doc])} was in force`)
  }
  return wrong
}
