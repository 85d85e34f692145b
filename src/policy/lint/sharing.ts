// What the policy may not say about sharing, because the proof over facts cannot see it: which values mean final, and
// where the author's organisation stands. It refuses what the trust's operating procedure and HL7 leave no choice about.
import { MOST } from '../../decide/proof.ts'
import { tight } from '../../decide/facts.ts'
import { wrongIn, type PolicyProblem } from '../problem.ts'
import type { Read } from '../read/every-file.ts'
import type { Mapping } from '../schema.ts'
import type { YamlFile } from '../read/yaml.ts'
import { asSeen } from '../read/unseen.ts'

export const rules = ({ rules: read }: Read): readonly PolicyProblem[] => {
  if (!read) return []
  const { value, yaml } = read
  const wrong = wrongIn(yaml)
  const names = new Map<string, number>()
  const twice = value.rules.flatMap((rule, at): PolicyProblem[] => {
    const first = names.get(rule.name)
    names.set(rule.name, first ?? at)
    return first === undefined ? [] : [wrong(['rules', at, 'name'], `another rule is called ${rule.name} already (line ${yaml.at(['rules', first]).line}): give each rule a name of its own`)]
  })
  // The proof holds the rules in 64 bits; what is not proved does not decide.
  const tooMany = value.rules.length > MOST ? [wrong(['rules', MOST], `there are ${value.rules.length} rules, and at most ${MOST} can be proved: make one of rules with the same route, with a list of values`)] : []
  // A postcode that no address can have would let letters to that prison through.
  const postcodes = value.custodial_postcodes.flatMap((postcode, at) => (POSTCODE.test(tight(postcode)) ? [] : [wrong(['custodial_postcodes', at], 'write a whole postcode, such as N7 0TT: anything else matches no address')]))
  return [...twice, ...tooMany, ...postcodes]
}
const POSTCODE = /^[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2}$/u

// ---------------------------------------------------------------- final

/** HL7 table 0271: authenticated, legally authenticated. All others are drafts of some kind (floor F7). */
const HL7_FINAL = ['AU', 'LA']
/** HL7 table 0273: CA, OB and UN must not be used (floor F7). */
const HL7_AVAILABLE = ['AV']
/** Words of a document that is not finished, or not to be used. */
const UNFINISHED = ['draft', 'preliminary', 'provisional', 'incomplete', 'unfinished', 'unsigned', 'unauthenticated', 'pending', 'progress', 'dictated', 'transcribed', 'not', 'non', 'cancelled', 'canceled', 'deleted', 'error', 'superseded', 'replaced', 'obsolete', 'withdrawn', 'wip']

export const final = ({ mappings }: Read): readonly PolicyProblem[] =>
  [...mappings.values()].flatMap(({ yaml, value }) => [
    ...(value.kind === 'hl7-mdm' ? author(value, yaml) : []),
    ...finals(value, yaml),
    ...overlap(yaml, 'completion', { draft: value.completion.draft, final: value.completion.final }),
    ...(value.kind === 'hl7-mdm' ? availability(value, yaml) : []),
  ])

/**
 * The author's organisation: TXA-9 component 14, the result's organisation, or a field of the trust's own. MSH-4 says who
 * sent the message, which is always the trust: read first, it would make every external letter the trust's (floor F3).
 */
const SAYS_WHO_WROTE = /^(TXA-9\.14|OBX-15|OBX-23|Z[A-Z0-9]{2}-)/u

const author = ({ fields: { organisations } }: Extract<Mapping, { kind: 'hl7-mdm' }>, yaml: YamlFile): readonly PolicyProblem[] => {
  const [first] = organisations
  return first !== undefined && SAYS_WHO_WROTE.test(first) ? [] : [wrongIn(yaml)(['fields', 'organisations', 0], `${first} does not say which organisation wrote the document: write TXA-9.14.1, or a Z field, before it`)]
}

const finals = (mapping: Mapping, yaml: YamlFile): readonly PolicyProblem[] =>
  mapping.completion.final.flatMap((text, at) => {
    const wrong = (message: string) => [wrongIn(yaml)(['completion', 'final', at], message)]
    if (mapping.kind === 'hl7-mdm') return HL7_FINAL.includes(text.trim().toUpperCase()) ? [] : wrong(`${text} is not final: HL7 table 0271 knows only AU and LA as final; put it under draft, or take it out`)
    const unfinished = asSeen(text).split(/[^\p{L}\p{N}]+/u).find((word) => UNFINISHED.includes(word))
    return unfinished ? wrong(`"${text}" holds the word ${unfinished}, so it is not final: put it under draft, or take it out`) : []
  })

const availability = ({ availability: lists }: Extract<Mapping, { kind: 'hl7-mdm' }>, yaml: YamlFile): readonly PolicyProblem[] => [
  ...lists.available.flatMap((text, at) => (HL7_AVAILABLE.includes(text.trim().toUpperCase()) ? [] : [wrongIn(yaml)(['availability', 'available', at], `${text} is not available: HL7 table 0273 knows only AV as available; put it under hold, cancelled or superseded`)])),
  // The values of messages are compared in capitals, so that another spelling here would never be met.
  ...Object.entries(lists).flatMap(([name, values]) => values.flatMap((text, at) => (text === text.trim().toUpperCase() ? [] : [wrongIn(yaml)(['availability', name, at], `write it in capitals: ${text.trim().toUpperCase()}`)]))),
  ...overlap(yaml, 'availability', lists),
]

/** A value in two lists would mean what the order of two lines in the code says. */
const overlap = (yaml: YamlFile, block: string, lists: { readonly [name: string]: readonly string[] }): readonly PolicyProblem[] => {
  const seen = new Map<string, string>()
  return Object.entries(lists).flatMap(([name, values]) => values.flatMap((text, at) => {
    const other = seen.get(asSeen(text))
    if (!other) seen.set(asSeen(text), name)
    return other ? [wrongIn(yaml)([block, name, at], `${text} stands ${other === name ? 'here twice' : `under ${other} as well`}: it can only mean one thing`)] : []
  }))
}
