// Combinations of facts as a sentence that a manager reads: only what is not as with a usual letter is named. One table
// holds the words, so that a new value without words does not compile. It refuses to say less than is so: a box is
// folded into another sentence only if that sentence is true of it.
import { USUAL, type Box } from '../../decide/difference.ts'
import { IMPOSSIBLE } from '../../decide/possible.ts'
import { FACT_NAMES, FACTS, type FactName, type FactValue } from '../../types.ts'

/** Words that follow `letters`; `but`: for all values but this one. Where a value is the noun itself, see NOUNS. */
type Words = { readonly [F in Exclude<FactName, 'kind'>]: { readonly values: Record<FactValue<F>, string>; readonly but?: { readonly [value in FactValue<F>]?: string } } }

const WORDS = {
  instruction: {
    values: { share: 'marked share', missing: 'without an instruction', unrecognised: 'with an instruction that nobody knows', withhold: 'marked do-not-share' },
    but: { share: 'not marked share', withhold: 'not marked do-not-share' },
  },
  producer: {
    values: { trust: 'produced at the trust', unknown: 'of an organisation that is not known', external: 'not produced at the trust' },
    but: { trust: 'not known to be produced at the trust' },
  },
  code: {
    values: {
      listed: 'with a listed code', missing: 'without a code', unlisted: 'with a code that is not in the list',
      'blocked-pkb': 'with a code that is blocked from PKB', blocked: 'with a blocked code',
    },
  },
  signals: { values: { none: 'with nothing else against sharing', restrictive: 'with something else in the message against sharing' } },
  service: { values: { 'in-scope': 'of a service that uses PKB', unknown: 'of a team that is not in the list', 'out-of-scope': 'of a service that does not use PKB' } },
  directorate: {
    values: { live: 'of a live directorate', observing: 'of a directorate that is observing', 'not-live': 'of a directorate that is not live', unknown: 'of a directorate that is not known' },
  },
  identity: {
    values: {
      verified: 'for a patient identified for certain', unverified: 'with an NHS number that was not traced', missing: 'without an NHS number',
      invalid: 'with an NHS number that is not valid', mismatch: 'with a date of birth that differs from PKB’s',
    },
    but: { verified: 'for a patient not identified for certain' },
  },
  lifecycle: {
    values: {
      final: 'that are final', unknown: 'of which RiO does not say that they are final', draft: 'that are drafts', superseded: 'that were replaced', cancelled: 'that were cancelled',
    },
    but: { final: 'that are not final' },
  },
  content: {
    values: {
      readable: 'with a readable PDF', 'other-format': 'with a file that is not a PDF', missing: 'without a file', 'too-large': 'with a file that is too large',
      encrypted: 'with a file under a password', unsupported: 'with a file of a type that is not supported', mislabelled: 'with a file that is not what it says',
    },
    but: { readable: 'without a readable PDF' },
  },
  person: { values: { alive: 'for a patient not known to have died', deceased: 'for a patient who has died' } },
  post: {
    values: {
      usable: 'with an address', 'format-need': 'for a patient who needs another format', missing: 'without an address',
      restricted: 'with a restricted address', custodial: 'with an address in custody',
    },
    but: { usable: 'without an address that can be used' },
  },
  account: {
    values: { registered: 'for a patient with a PKB account', unregistered: 'for a patient without a PKB account', unknown: 'for a patient whose PKB account is not known' },
    but: { registered: 'for a patient not known to have a PKB account' },
  },
  hold: { values: { none: 'not held', held: 'held by a person' } },
  release: {
    values: { two: 'released by two people', one: 'released by one person', none: 'not released' },
    but: { none: 'released by a person', two: 'not released by two people' },
  },
} as const satisfies Words

const NOUNS: Record<FactValue<'kind'>, string> = {
  appointment: 'appointment letters', clinical: 'clinical letters', other: 'other letters', unknown: 'letters of unknown kind', legal: 'legal documents', external: 'letters from elsewhere',
}

const named = (fact: Exclude<FactName, 'kind'>, values: readonly string[]): string => {
  const words: { readonly values: { readonly [value: string]: string }; readonly but?: { readonly [value: string]: string } } = WORDS[fact]
  const [left, ...more] = FACTS[fact].filter((value) => !values.includes(value))
  const but = left !== undefined && more.length === 0 && values.length > 1 ? words.but?.[left] : undefined
  return but ?? values.map((value) => words.values[value]!).join(' or ')
}

// Said even where the usual value is among them: whether it is shared at all, and who has said yes to it.
const ALWAYS: readonly FactName[] = ['instruction', 'release']

export type Sentence = { readonly text: string; readonly unusual: readonly FactName[]; readonly combinations: number; readonly observed: boolean }

const OBSERVED: readonly string[] = ['observing', 'not-live']
const sizeOf = (box: Box): number => FACT_NAMES.reduce((product, fact) => product * box[fact].length, 1)
const tells = (box: Box, fact: FactName): boolean => box[fact].length < FACTS[fact].length && (ALWAYS.includes(fact) || !box[fact].includes(USUAL[fact])) && !goesWithoutSaying(box, fact)

/** Facts that follow from another one where that is told: a team that is in no list has no directorate. */
const FOLLOWS: { readonly [F in FactName]?: FactName } = { producer: 'kind', code: 'kind', directorate: 'service' }
const goesWithoutSaying = (box: Box, fact: FactName): boolean => {
  const from = FOLLOWS[fact]
  if (from === undefined || box[from].includes(USUAL[from])) return false
  const goes = (value: string, beside: string): boolean => !IMPOSSIBLE.some((when) => has(when[fact], value) && has(when[from], beside))
  return (FACTS[fact] as readonly string[]).every((value) => box[fact].includes(value) || !box[from].some((one) => goes(value, one)))
}
const has = (values: readonly string[] | undefined, value: string): boolean => values?.includes(value) ?? false

/** The boxes as sentences, the most usual letters first. A box of which an earlier sentence is true as well is counted there. */
export const sentences = (boxes: readonly Box[]): readonly Sentence[] => {
  const told = boxes.map((box) => ({ box, facts: FACT_NAMES.filter((fact) => tells(box, fact)), unusual: FACT_NAMES.filter((fact) => !box[fact].includes(USUAL[fact])) }))
  const groups: { readonly facts: readonly FactName[]; readonly unusual: readonly FactName[]; readonly box: Box; combinations: number }[] = []
  for (const one of told.toSorted((a, b) => a.unusual.length - b.unusual.length || a.facts.length - b.facts.length || sizeOf(b.box) - sizeOf(a.box))) {
    const home = groups.find(({ box, facts }) => facts.every((fact) => one.box[fact].every((value) => box[fact].includes(value))))
    if (home) home.combinations += sizeOf(one.box)
    else groups.push({ ...one, combinations: sizeOf(one.box) })
  }
  return groups.map(({ box, facts, unusual, combinations }) => ({ text: sentence(box, facts, unusual.length === 0), unusual, combinations, observed: box.directorate.every((value) => OBSERVED.includes(value)) }))
}

const sentence = (box: Box, facts: readonly FactName[], isUsual: boolean): string => {
  const noun = facts.includes('kind') ? box.kind.map((kind) => NOUNS[kind as FactValue<'kind'>]).join(' and ') : isUsual ? 'usual letters' : 'letters'
  const words = (Object.keys(WORDS) as (keyof typeof WORDS)[]).filter((fact) => facts.includes(fact)).map((fact) => named(fact, box[fact]))
  return [noun, ...words.slice(0, 1)].join(' ') + words.slice(1).map((word) => `, ${word}`).join('')
}
