// The places that a mapping names: segments that no message has, ids that mean no document, names of the document that are
// not all read, fields that are read and ignored. It refuses a mapping that would overlook what it seems to look at.
import { nearest } from '../read/nearest.ts'
import { wrongIn, type PolicyProblem } from '../problem.ts'
import type { Read } from '../read/every-file.ts'
import type { Mapping } from '../schema.ts'
import type { YamlFile } from '../read/yaml.ts'

type Named = { readonly path: readonly PropertyKey[]; readonly place: string; /** How it is called to people. */ readonly under: string }

export const mappingPlaces = ({ mappings }: Read): readonly PolicyProblem[] =>
  [...mappings.values()].flatMap(({ yaml, value }) => {
    const [read, ignored] = [readIn(value), listed(['ignore'], value.ignore)]
    return [...(value.kind === 'hl7-mdm' ? [...segments([...read, ...ignored], yaml), ...ids(value.fields.document_id, yaml), ...teams(value.fields.team, yaml)] : outside([...read, ...ignored], yaml)), ...names(value, yaml), ...readAndIgnored(read, ignored, yaml)]
  })

const listed = (path: readonly PropertyKey[], places: readonly string[] = []): readonly Named[] => places.map((place, at) => ({ path: [...path, at], place, under: path.join('.') }))

const readIn = (mapping: Mapping): readonly Named[] => [
  ...Object.entries<readonly string[] | undefined>(mapping.fields).flatMap(([field, places]) => listed(['fields', field], places)),
  ...(mapping.kind === 'hl7-mdm' ? listed(['nhs_number', 'identifiers'], mapping.nhs_number.identifiers)
    : [...listed(['nhs_number', 'number'], mapping.nhs_number.number), ...(['event', 'replaces', 'addendum_to'] as const).map((key) => ({ path: [key], place: mapping[key], under: key }))]),
  ...listed(['nhs_number', 'trace_status'], mapping.nhs_number.trace_status),
  ...mapping.signals.map(({ at: place }, at) => ({ path: ['signals', at, 'at'], place, under: 'signals' })),
]

// ---------------------------------------------------------------- segments

/** Those of MDM messages in HL7 v2.2 to v2.8, and those that senders add to them. */
const SEGMENTS = ['MSH', 'SFT', 'EVN', 'PID', 'PD1', 'PV1', 'PV2', 'TXA', 'OBX', 'CON', 'ORC', 'TQ1', 'OBR', 'NTE', 'NK1', 'AL1', 'DG1', 'GT1', 'IN1', 'PRT']

/** A place in a segment that never comes is always empty: what should be found there would be missed in silence. */
const segments = (all: readonly Named[], yaml: YamlFile): readonly PolicyProblem[] =>
  all.flatMap(({ path, place }) => {
    const segment = place.slice(0, 3)
    if (SEGMENTS.includes(segment) || segment.startsWith('Z')) return []
    const near = nearest(segment, SEGMENTS)
    return [wrongIn(yaml)(path, `no message has a segment ${segment}: ${near ? `did you mean ${near}${place.slice(3)}?` : `they have ${SEGMENTS.join(', ')}, and segments of your own that begin with Z`}`)]
  })

// ---------------------------------------------------------------- names of an upload

/** As pages and commands show a place of the metadata; within it, nothing is called so. */
const outside = (all: readonly Named[], yaml: YamlFile): readonly PolicyProblem[] =>
  all.flatMap(({ path, place }) => (place.startsWith('metadata.') ? [wrongIn(yaml)(path, `a place begins within the metadata: write ${place.slice('metadata.'.length)}`)] : []))

// ---------------------------------------------------------------- ids

/** Ids of a document in HL7, those of its orders, the name of its file where that is one, and a field of the trust's own. */
const SAYS_WHICH = /^(?:TXA-1[2456]|ORC-[23]|OBR-[23]|OBX-21|Z[A-Z0-9]{2}-\d+)(?:\.|$)/u

/** An id that is another in each message would make each message a document of its own: no cancel would find what it takes back. */
const ids = (places: readonly string[], yaml: YamlFile): readonly PolicyProblem[] =>
  places.flatMap((place, at) => (SAYS_WHICH.test(place) || !SEGMENTS.includes(place.slice(0, 3)) ? []
    : [wrongIn(yaml)(['fields', 'document_id', at], `${place} does not say which document it is, so a cancel or a do-not-share that comes later would not find what it is about: write TXA-12.1, or a Z field of your RiO`)]))

/** With one team for all, that of a live directorate say, the documents of every other would go out with it (floor F5). */
const teams = (places: readonly string[], yaml: YamlFile): readonly PolicyProblem[] =>
  places.flatMap((place, at) => (/^(?:MSH|SFT)-/u.test(place) ? [wrongIn(yaml)(['fields', 'team', at], `${place} says who sent the message, so every document would be of one team: write PV1-3.1, or a Z field of your RiO`)] : []))

// ---------------------------------------------------------------- names

/** Where HL7 messages carry the name of a document: the file name, the title, and what the file is called beside it. */
const HL7_NAMES = ['TXA-16', 'TXA-25', 'OBX-3.2']

/** What the patient would see as the name has to be looked through for blocked codes (floor F2). */
const names = ({ kind, fields }: Mapping, yaml: YamlFile): readonly PolicyProblem[] => {
  const needed = new Set([...(kind === 'hl7-mdm' ? HL7_NAMES : []), ...(fields.title ?? []), ...(fields.file_name ?? [])])
  const missing = [...needed].filter((place) => !(fields.names as readonly string[]).includes(place))
  return missing.length === 0 ? [] : [wrongIn(yaml)(['fields', 'names'], `add ${missing.join(', ')}: a name can stand there, and a blocked code in any name blocks the document`)]
}

// ---------------------------------------------------------------- ignored

const holds = (outer: string, inner: string): boolean => inner === outer || inner.startsWith(`${outer}.`)

/**
 * Where HL7, or an upload as docs/api.md has it, says whether to share, what the document is and whether it may be used. A
 * mapping may read that elsewhere; it may not say that what stands here does not matter.
 */
const NEVER_IGNORED: Record<Mapping['kind'], readonly string[]> = {
  'hl7-mdm': ['TXA-2', 'TXA-16', 'TXA-17', 'TXA-18', 'TXA-19', 'TXA-25', 'OBX-3', 'OBX-11', 'OBX-26', 'CON-21', 'CON-22'],
  upload: ['documentType', 'name', 'fileName'],
}

export const neverIgnored = ({ mappings }: Read): readonly PolicyProblem[] =>
  [...mappings.values()].flatMap(({ yaml, value }) => {
    const read = readIn(value)
    return listed(['ignore'], value.ignore).flatMap(({ path, place }) => {
      const never = NEVER_IGNORED[value.kind].find((one) => holds(one, place) || holds(place, one))
      // What is read as well is told once, by whoever looks for that.
      if (!never || read.some((one) => holds(place, one.place) || holds(one.place, place))) return []
      return [wrongIn(yaml)(path, `${never} can say that a document must stay in: take ${place} out here, and read it under fields or signals, or leave it unread`)]
    })
  })

/** What is ignored is not looked through for what speaks against sharing. */
const readAndIgnored = (read: readonly Named[], ignored: readonly Named[], yaml: YamlFile): readonly PolicyProblem[] =>
  ignored.flatMap(({ path, place }) => {
    const other = read.find((one) => holds(place, one.place) || holds(one.place, place))
    return other ? [wrongIn(yaml)(path, `${other.place} is read under ${other.under}: take ${place} out here, or ${other.place} there`)] : []
  })
