// Random histories of a document or two, as data: what RiO says, what people do, what befalls PKB and the workers, and
// when. Drawn from a seed, told as lines that a person can read, and made shorter for as long as they still fail.
import type { Transport } from '../../src/types.ts'

export const DOCUMENTS = ['A', 'B'] as const
export type Doc = (typeof DOCUMENTS)[number]

/** One message of RiO. `n` makes its title and its file unlike any other's; `at` is its source time, in minutes. */
export type Message = {
  readonly n: number
  readonly doc: Doc
  /** `replaced` and `addendum` are said of B, and name A. */
  readonly event: 'created' | 'updated' | 'replaced' | 'addendum' | 'cancelled'
  readonly says: 'share' | 'withhold' | 'blocked'
  readonly file: boolean
  readonly patient: 0 | 1
  readonly at: number
}

/** What befalls one request of an exchange. `late`: the connection breaks, and PKB stores it so many seconds after. */
export type Fault =
  | { readonly kind: '503' | '500' | '500-stored' | '429' | '422' | 'cut' | 'cut-stored' | 'timeout' | 'timeout-stored' | 'AR' | 'AE' | 'AE-stored' | 'wrong-id' | 'wrong-id-stored' | 'not-soap' }
  | { readonly kind: 'late'; readonly secs: number }

/** What is told to the ledger, each acknowledged before the next. */
export type Told =
  | { readonly do: 'send'; readonly message: Message }
  | { readonly do: 'hold' | 'lift' | 'release' | 'retry'; readonly doc: Doc }

export type Action =
  | Told
  | { readonly do: 'wait'; readonly secs: number }
  /**
   * A worker takes the document and goes on until nothing is due. `fault` meets the request number `request` of its first
   * exchange; `meanwhile` is told while that exchange is under way; `dies`: before it sends, or before it writes down
   * how that ended, alone or with its whole process.
   */
  | {
      readonly do: 'work'; readonly doc: Doc; readonly fault?: Fault; readonly request?: 0 | 1
      readonly meanwhile?: Told; readonly when?: 'before' | 'after'; readonly dies?: 'before' | 'after'; readonly process?: true
    }

export type History = { readonly seed: number; readonly transport: Transport; readonly actions: readonly Action[] }

// ---------------------------------------------------------------- drawn

export type Random = { next(): number; below(n: number): number; chance(share: number): boolean; pick<T>(of: readonly T[]): T }

/** Mulberry32: the same seed, the same numbers. */
export const seeded = (seed: number): Random => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (n: number): number => Math.floor(next() * n)
  return { next, below, chance: (share) => next() < share, pick: (of) => of[below(of.length)]! }
}

const ANY = ['503', '500', '500-stored', '429', 'cut', 'cut-stored', 'timeout', 'timeout-stored'] as const
const FAULTS = {
  fhir: [...ANY, '422'],
  'hl7-soap': [...ANY, 'AR', 'AE', 'AE-stored', 'wrong-id', 'wrong-id-stored', 'not-soap'],
} as const satisfies Record<Transport, readonly Fault['kind'][]>
/** Less than any destination is given to settle in. */
const LATEST_SECS = 50
/** How many of the faults are such. */
const LATE = 0.2
const WAITS = [1, 20, 45, 70, 300, 1_200] as const

export const draw = (seed: number, transport: Transport): History => {
  const random = seeded(seed)
  const two = random.chance(0.25)
  const moves = random.chance(0.2)
  const sent: Message[] = []
  let latest = 0

  const message = (doc: Doc): Message => {
    const first = !sent.some((one) => one.doc === doc)
    const when = first ? 'later' : random.pick(['later', 'later', 'later', 'later', 'earlier', 'earlier', 'same'] as const)
    // Every time but `same` is one of its own.
    const at = when === 'same' ? latest : when === 'earlier' ? latest - 1 - random.below(25) - (sent.length + 1) / 100 : latest + 10
    latest = Math.max(latest, at)
    const usual = first ? 'created' : 'updated'
    const event = doc === 'B' && random.chance(first ? 0.6 : 0.12) ? random.pick(['replaced', 'addendum'] as const) : random.chance(first ? 0.02 : 0.05) ? 'cancelled' : usual
    const says = random.chance(0.68) ? 'share' : random.chance(0.85) ? 'withhold' : 'blocked'
    const made: Message = { n: sent.length + 1, doc, event, says, file: first || random.chance(0.5), patient: moves && !first && random.chance(0.3) ? 1 : 0, at }
    sent.push(made)
    return made
  }
  const told = (): Told => {
    const doc = two ? random.pick(DOCUMENTS) : 'A'
    const repeated = sent.filter((one) => one.doc === doc)
    if (repeated.length === 0) return { do: 'send', message: message(doc) }
    const kind = random.pick(['send', 'send', 'send', 'send', 'send', 'repeat', 'repeat', 'hold', 'lift', 'lift', 'release', 'retry', 'retry'] as const)
    if (kind === 'repeat') return { do: 'send', message: random.pick(repeated) }
    return kind === 'send' ? { do: 'send', message: message(doc) } : { do: kind, doc }
  }
  const fault = (): Fault => (random.chance(LATE) ? { kind: 'late', secs: 1 + random.below(LATEST_SECS) } : { kind: random.pick<Exclude<Fault['kind'], 'late'>>(FAULTS[transport]) })
  const work = (): Action => ({
    do: 'work', doc: two ? random.pick(DOCUMENTS) : 'A',
    ...(random.chance(0.4) ? { fault: fault(), request: random.chance(0.75) ? 0 : 1 } : {}),
    ...(random.chance(0.25) ? { meanwhile: told(), when: random.pick(['before', 'after'] as const) } : {}),
    ...(random.chance(0.15) ? { dies: random.pick(['before', 'after'] as const), ...(random.chance(0.03) ? { process: true } : {}) } : {}),
  })

  const events = 3 + random.below(6)
  const actions: Action[] = []
  for (let i = 0; i < events; i += 1) {
    actions.push(told())
    while (random.chance(0.6)) actions.push(random.chance(0.75) ? work() : { do: 'wait', secs: random.pick(WAITS) })
  }
  return { seed, transport, actions }
}

// ---------------------------------------------------------------- told

const words = (told: Told): string => {
  if (told.do !== 'send') return { hold: 'a person holds', lift: 'a person lifts the hold of', release: 'a person releases', retry: 'a person has another try at' }[told.do] + ` ${told.doc}`
  const { n, doc, event, says, file, patient, at } = told.message
  return `RiO: ${doc} ${event}${event === 'replaced' || event === 'addendum' ? ' (of A)' : ''}, ${says}, ${file ? `file ${n}` : 'no file'}, patient ${patient}, at ${at} min, message ${n}`
}

const doing = (action: Action): string => {
  if (action.do === 'wait') return `${action.secs} s pass`
  if (action.do !== 'work') return words(action)
  const { doc, fault, request, meanwhile, when, dies, process } = action
  return [
    `a worker takes ${doc}`,
    ...(fault ? [`request ${request} meets ${fault.kind === 'late' ? `a break, stored ${fault.secs} s after` : fault.kind}`] : []),
    ...(meanwhile ? [`meanwhile, ${when} the exchange: ${words(meanwhile)}`] : []),
    ...(dies ? [`${process ? 'its process' : 'it'} dies ${dies} the exchange`] : []),
  ].join('; ')
}

export const tell = ({ seed, transport, actions }: History): string =>
  [`${transport}, seed ${seed}:`, ...actions.map((action, at) => `  ${at + 1}. ${doing(action)}`)].join('\n')

// ---------------------------------------------------------------- made shorter

const plainer = (action: Action): readonly Action[] => {
  if (action.do !== 'work') return []
  const { fault: _fault, request: _request, ...calm } = action
  const { meanwhile: _meanwhile, when: _when, ...alone } = action
  const { dies: _dies, process: _process, ...alive } = action
  return [...(action.fault ? [calm] : []), ...(action.meanwhile ? [alone] : []), ...(action.dies ? [alive] : [])]
}

/** Leaves out and makes plainer whatever is not needed to fail. */
export const shrink = async (history: History, fails: (history: History) => Promise<boolean>): Promise<History> => {
  const shorter = (actions: readonly Action[]): readonly (readonly Action[])[] => [
    ...actions.map((_, at) => actions.toSpliced(at, 1)),
    ...actions.flatMap((action, at) => plainer(action).map((plain) => actions.toSpliced(at, 1, plain))),
  ]
  let smallest = history
  for (let found = true; found;) {
    found = false
    for (const actions of shorter(smallest.actions)) {
      const candidate = { ...smallest, actions }
      if (!(await fails(candidate))) continue
      smallest = candidate
      found = true
      break
    }
  }
  return smallest
}
