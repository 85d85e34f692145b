// Why each fact has its value, in words, with the place in the message or the row of a table that it came from: for
// `explain`. It refuses to work a fact out a second time: the facts are given, and their sources are named.
import type { Policy } from '../policy/policy.ts'
import type { FactName, Facts, Found, Person, Prior, RioDocument } from '../types.ts'
import { FACT_NAMES } from '../types.ts'
import { codesIn } from './code.ts'
import { kindOf } from './content.ts'

type Table = 'document-codes.csv' | 'services.csv' | 'directorates.csv'

export type Known = {
  readonly document: RioDocument
  readonly facts: Facts
  /** Facts that another message about the document made stricter, and that stay so. */
  readonly tightened: Partial<Facts>
  readonly policy: Policy
  readonly feed: string
  readonly person: Person
  readonly prior: Prior
  /** Where the row of this key stands: `mappings/services.csv:2`. */
  readonly row: (table: Table, key: string) => string
}

export const whyFacts = (known: Known): { readonly [fact in FactName]: string } =>
  Object.fromEntries(FACT_NAMES.map((fact) => {
    const { [fact]: stricter } = known.tightened
    const kept = stricter !== undefined && stricter === known.facts[fact]
    return [fact, `${WHY[fact](known)}${kept ? '; another message about it was stricter, and that stays' : ''}`]
  })) as { [fact in FactName]: string }

const said = (found: readonly Found[], otherwise: string): string => found.map(({ text, at }) => `"${text}" (${at})`).join(', ') || otherwise
const one = (found: Found | undefined, otherwise: string): string => said(found ? [found] : [], otherwise)

const codes = ({ document, policy }: Known): readonly { readonly code: string; readonly at: string }[] =>
  document.names.flatMap(({ text, at }) => codesIn(text, policy.codes).map((code) => ({ code, at })))

/** Each code with the row that it was looked up in. */
const codeRows = (known: Known): string => {
  const { policy, row } = known
  const where = Map.groupBy(codes(known), ({ code }) => code)
  return [...where].map(([code, all]) => {
    const entry = Object.hasOwn(policy.codes, code) ? policy.codes[code] : undefined
    return `${code} (${all.map(({ at }) => at).join(', ')}) ${entry ? `is ${entry.sharing}, ${entry.kind} in ${row('document-codes.csv', code)}` : 'is not in document-codes.csv'}`
  }).join('; ')
}

const service = ({ document, policy }: Known) => {
  const team = document.team?.text.trim() ?? ''
  return Object.hasOwn(policy.services, team) ? policy.services[team] : undefined
}

const WHY = {
  instruction: ({ document, facts }) => ({
    missing: 'the picklist has no value',
    share: `${said(document.picklist, '')} stands under share in sharing-rules.yaml`,
    withhold: `${said(document.picklist, '')} stands under withhold in sharing-rules.yaml`,
    unrecognised: `${said(document.picklist, '')}: in neither list of sharing-rules.yaml, or values that disagree`,
  })[facts.instruction],
  signals: ({ document }) => said(document.signals, 'no place that the mapping lists under signals speaks against sharing'),
  code: (known) => codeRows(known) || `no name opens with a 4-letter code: ${said(known.document.names, 'there is no name')}`,
  kind: (known) => (known.facts.kind === 'unknown' ? 'there is no row of a code that says it' : codeRows(known)),
  producer: ({ document, facts, policy, feed }) => {
    if (facts.kind === 'external') return 'its kind is external'
    const own = policy.trust.organisations.join(', ')
    if (document.organisations.length === 0) return `no organisation is named, and the feed says producer_when_missing: ${policy.feeds[feed]?.producer_when_missing ?? 'nothing'}`
    return `${said(document.organisations, '')}; the trust's own are ${own}`
  },
  service: (known) => {
    const { document, row } = known
    if (!document.team) return 'no team is named'
    const team = document.team.text.trim()
    return `${one(document.team, '')} ${service(known) ? `is ${service(known)!.service} in ${row('services.csv', team)}` : 'is not in services.csv'}`
  },
  directorate: (known) => {
    const { policy, prior, feed, row } = known
    const key = service(known)?.directorate
    const entry = key !== undefined && Object.hasOwn(policy.directorates, key) ? policy.directorates[key] : undefined
    const feedSays = `the feed ${feed} is ${policy.feeds[feed]?.status ?? 'unknown'}`
    if (key === undefined) return `without a service there is none; ${feedSays}`
    if (!entry) return `${key} is not in directorates.csv; ${feedSays}`
    const live = entry.status !== 'live' ? '' : [
      entry.go_live === '' ? ', without a go-live date' : ` from ${entry.go_live}`,
      entry.signed_off_by === '' || entry.signed_off_on === '' ? ', not signed off' : `, signed off on ${entry.signed_off_on}`,
      entry.review_by === '' ? ', without a review date' : `, review by ${entry.review_by}`,
    ].join('')
    return `${key} is ${entry.status}${live} in ${row('directorates.csv', key)}; first received ${prior.firstReceivedAt}; ${feedSays}`
  },
  identity: ({ document: { patient }, person, policy }) => {
    const born = person.birthDate === undefined || patient.birthDate === undefined ? 'its date of birth was not compared with PKB\'s' : person.birthDate === patient.birthDate ? 'the date of birth is PKB\'s' : 'the date of birth differs from PKB\'s'
    const test = policy.testPatients ? '' : '; numbers that begin with 999 are not taken'
    return `${said(patient.nhsNumbers, 'no NHS number')}, trace status ${said(patient.traceStatuses, 'missing')}; ${born}${test}`
  },
  lifecycle: ({ document, prior }) => [
    `event ${document.event}`, `completion ${one(document.completion, 'missing')}`, ...(document.availability ? [`availability ${one(document.availability, '')}`] : []),
    ...(prior.cancelled ? ['it was cancelled once'] : []), ...(prior.superseded ? ['another document replaced it'] : []),
  ].join(', '),
  content: ({ document: { contents } }) => {
    const [file] = contents
    if (!file) return 'there is no file'
    if (contents.length > 1) return `there are ${contents.length} files, and nobody can say which is the letter`
    const trouble = file.ref.tooLarge ? ', larger than the feed takes' : file.ref.broken !== undefined ? `, ${file.ref.broken}` : file.ref.encrypt ? ', encrypted' : kindOf(file.ref.head) === 'pdf' && !file.ref.tail.includes('%%EOF') ? ' and its end is missing' : ''
    return `by its first bytes the file is ${kindOf(file.ref.head)}${trouble}; declared ${file.declaredType ?? 'as nothing'} (${file.at})`
  },
  person: ({ document: { patient }, person }) => {
    const who = [...(patient.deceased ? ['the message'] : []), ...(person.deceased ? ['PKB'] : [])]
    return who.length > 0 ? `${who.join(' and ')} said that the patient has died` : 'nothing says that the patient has died'
  },
  post: ({ document: { patient }, facts }) => ({
    usable: 'address lines and a postcode are there',
    'format-need': `an address is there, and a recorded need: ${said(patient.formatNeeds, '')}`,
    missing: 'no address lines, no UK postcode, or no fixed address',
    restricted: 'the message marks the address as one that must not be used',
    custodial: 'the postcode stands under custodial_postcodes in sharing-rules.yaml',
  })[facts.post],
  account: ({ person, facts }) => (person.asOf === undefined ? 'PKB has not been asked' : `PKB answered on ${person.asOf}${facts.account === 'unknown' ? ', and that is too long ago' : ''}`),
  hold: ({ prior }) => (prior.held ? 'a person, or a control id that was used twice, holds it' : 'nobody holds it'),
  release: ({ prior }) => ['nobody has released this revision', 'one person has released this revision', 'two people have released this revision'][prior.released]!,
} as const satisfies { readonly [fact in FactName]: (known: Known) => string }
