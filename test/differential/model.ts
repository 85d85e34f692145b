// What the patient may see of a document, worked out from what was acknowledged, in the words of the policy and in a few
// lines: the measure that the engine is held against. It shares no code with the engine, on purpose.
import type { Doc, Message, Told } from './history.ts'

type Known = {
  readonly at: number
  readonly patient: 0 | 1
  /** The latest message says share, and none of the same time or earlier says anything else after it. */
  readonly share: boolean
  readonly n: number
  /** Number of the message whose file it is. */
  readonly file: number | undefined
  readonly addendum: boolean
  /** The latest message makes it a replacement: it stands for itself. */
  readonly replaces: boolean
  readonly moved: boolean
  readonly released: boolean
}
type Marks = { readonly cancelled?: true; readonly superseded?: true; readonly held?: boolean }

export type Model = { readonly known: { readonly [D in Doc]?: Known }; readonly marks: { readonly [D in Doc]?: Marks }; readonly taken: readonly number[] }
export type Shown = { readonly n: number; readonly file: number; readonly patient: 0 | 1 }

export const NOTHING: Model = { known: {}, marks: {}, taken: [] }

const marked = (model: Model, doc: Doc, marks: Marks): Model => ({ ...model, marks: { ...model.marks, [doc]: { ...model.marks[doc], ...marks } } })
const knowing = (model: Model, doc: Doc, known: Known): Model => ({ ...model, known: { ...model.known, [doc]: known } })

/** After something was told and acknowledged. */
export const after = (model: Model, told: Told): Model => {
  if (told.do === 'send') return heard(model, told.message)
  const known = model.known[told.doc]
  if (!known || told.do === 'retry') return model
  return told.do === 'release' ? knowing(model, told.doc, { ...known, released: true }) : marked(model, told.doc, { held: told.do === 'hold' })
}

const heard = (before: Model, message: Message): Model => {
  const { n, doc, event, patient } = message
  // A repeat changes nothing; one patient's document does not take the place of another's.
  if (before.taken.includes(n)) return before
  if (event === 'replaced' && before.known.A !== undefined && before.known.A.patient !== patient) return before
  let model: Model = { ...before, taken: [...before.taken, n] }
  if (event === 'replaced') model = marked(model, 'A', { superseded: true })
  if (event === 'cancelled') model = marked(model, doc, { cancelled: true })
  return knowing(model, doc, latest(before.known[doc], message))
}

const latest = (old: Known | undefined, { n, event, says, file, patient, at }: Message): Known => {
  const share = says === 'share'
  // Late: what speaks against sharing is believed, and that it adds to another document, unless what is newer has ended that; nothing else.
  if (old && at < old.at) return { ...old, share: old.share && share, addendum: old.addendum || (event === 'addendum' && !old.replaces) }
  return {
    at, n, patient, released: false,
    share: share && (old?.at !== at || old.share),
    file: file ? n : old?.file,
    addendum: event === 'addendum' || (old?.addendum === true && event !== 'replaced'),
    replaces: event === 'replaced',
    moved: old !== undefined && (old.moved || old.patient !== patient),
  }
}

/** What has to be in the record, and nothing else. */
export const shown = (model: Model, doc: Doc): Shown | undefined => {
  const known = model.known[doc]
  const { cancelled, superseded, held } = model.marks[doc] ?? {}
  if (!known?.share || known.file === undefined || cancelled || superseded || held || (known.moved && !known.released)) return undefined
  if (known.addendum && !known.replaces && shown(model, 'A')?.patient !== known.patient) return undefined
  return { n: known.n, file: known.file, patient: known.patient }
}
