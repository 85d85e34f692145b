// The lives of documents that a torture sends: what happens to one, in the order of sending. Each story is one way in
// which a document can go; together they are the mix of a bad day.
import { createHash } from 'node:crypto'
import { aPdf } from '../test/support/pdf.ts'
import type { Acknowledged } from './model.ts'
import type { Patient } from './people.ts'
import type { Random } from './random.ts'
import { messageOf, type Door, type Message, type Upload } from './upload.ts'

/** One message to send, and what it tells the model once it is acknowledged: nothing if it repeats another. */
export type Step = { readonly documentId: string; readonly message: Message; readonly says?: Acknowledged }

type Turn = {
  /** Its place in RiO's own time. */
  readonly at: number
  readonly event?: Upload['event']
  readonly share?: false
  readonly code?: 'HMHR'
  readonly patient?: 'another'
  /** `new`: another one than before. */
  readonly file?: 'new' | 'none'
  /** It is about a second document, which replaces the first. */
  readonly replaces?: true
}
/** The same bytes as the first message. */
type Repeat = { readonly repeat: true }

const CREATED = { at: 2 } as const satisfies Turn
const FLIPPED = { at: 6, event: 'updated', share: false } as const satisfies Turn
const CANCELLED = { at: 6, event: 'cancelled', file: 'none' } as const satisfies Turn
const REVISED = { at: 6, event: 'updated', file: 'new' } as const satisfies Turn
const REPLACED = { at: 6, event: 'replaced', file: 'new', replaces: true } as const satisfies Turn
const OLDER_SHARE = { at: 4, event: 'updated' } as const satisfies Turn
const AGAIN = { repeat: true } as const satisfies Repeat

type Story = { readonly weight: number; readonly turns: readonly (Turn | Repeat)[] }

export const STORIES = {
  shared: { weight: 6, turns: [CREATED] },
  'not shared': { weight: 2, turns: [{ ...CREATED, share: false }] },
  'blocked code': { weight: 1, turns: [{ ...CREATED, code: 'HMHR' }] },
  repeated: { weight: 1, turns: [CREATED, AGAIN] },
  flipped: { weight: 2, turns: [CREATED, FLIPPED] },
  'flipped without its file': { weight: 2, turns: [CREATED, { ...FLIPPED, file: 'none' }] },
  'flipped, then an older share': { weight: 1, turns: [CREATED, FLIPPED, OLDER_SHARE] },
  'flipped, then the first message again': { weight: 1, turns: [CREATED, FLIPPED, AGAIN] },
  'flipped and back': { weight: 1, turns: [CREATED, FLIPPED, { at: 9, event: 'updated', file: 'none' }] },
  'shared at last': { weight: 1, turns: [{ ...CREATED, share: false }, { at: 6, event: 'updated' }] },
  'an older do-not-share': { weight: 1, turns: [CREATED, { at: 1, event: 'updated', share: false }] },
  'an older share': { weight: 1, turns: [CREATED, { at: 1, event: 'updated', file: 'new' }] },
  revised: { weight: 2, turns: [CREATED, REVISED] },
  'revised, then the first message again': { weight: 1, turns: [CREATED, REVISED, AGAIN] },
  cancelled: { weight: 2, turns: [CREATED, CANCELLED] },
  'cancelled, then an older share': { weight: 1, turns: [CREATED, CANCELLED, OLDER_SHARE] },
  'cancelled before it came': { weight: 1, turns: [CANCELLED, CREATED] },
  replaced: { weight: 2, turns: [CREATED, REPLACED] },
  'replaced before it came': { weight: 1, turns: [REPLACED, CREATED] },
  moved: { weight: 1, turns: [CREATED, { at: 6, event: 'updated', patient: 'another' }] },
} as const satisfies Readonly<Record<string, Story>>

const BY_WEIGHT = Object.values(STORIES).flatMap((story): readonly Story[] => Array.from({ length: story.weight }, () => story)) as [Story, ...Story[]]
const DOORS = ['mllp', 'mllp', 'json', 'multipart'] as const satisfies readonly Door[]
const TURN_MS = 10_000

export const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** `name` goes into every id, so that those who tell at the same time do not meet. Each call is another document's story. */
export const storyTeller = (name: string, patients: readonly [Patient, ...Patient[]], random: Random, now: () => Date): (() => readonly Step[]) => {
  let told = 0
  return () => {
    told += 1
    return tell(`T-${name}-${told}`, random.pick(BY_WEIGHT).turns, patients, random, wholeSeconds(now()))
  }
}

const wholeSeconds = (time: Date): number => Math.floor(time.getTime() / 1000) * 1000

const tell = (id: string, turns: Story['turns'], patients: readonly [Patient, ...Patient[]], random: Random, end: number): readonly Step[] => {
  const patient = random.pick(patients)
  const another = random.pick(patients.filter((one) => one !== patient) as [Patient, ...Patient[]])
  const firstFile = aPdf({ mark: `${id} first file`, bytes: random.whole(400, 4000) })
  const steps: Step[] = []
  for (const [index, turn] of turns.entries()) {
    const [first] = steps
    if ('repeat' in turn) {
      if (first) steps.push({ documentId: first.documentId, message: first.message })
      continue
    }
    const { at, event = 'created', share = true, code = 'CLIN', file, replaces } = turn
    const documentId = replaces ? `${id}-B` : id
    const pdf = file === 'none' ? undefined : file === 'new' ? aPdf({ mark: `${documentId} file ${index}`, bytes: random.whole(400, 4000) }) : firstFile
    const upload = {
      // All of it lies in the past, as RiO tells it.
      controlId: `${id}-${index}`, documentId, event, ...(replaces ? { replaces: id } : {}), patient: turn.patient ? another : patient, share, code, time: new Date(end - 120_000 + at * TURN_MS),
    } as const
    steps.push({ documentId, message: messageOf({ ...upload, ...(pdf ? { pdf } : {}) }, random.pick(DOORS)), says: { ...upload, ...(pdf ? { sha256: sha256Of(pdf) } : {}) } })
  }
  return steps
}
