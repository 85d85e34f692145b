// The places that a mapping names: segments that no message has, names of the document that are not all read, fields
// that are read and ignored. It refuses a mapping that would overlook what it seems to look at.
import { nearest } from '../read/nearest.ts'
import { wrongIn, type PolicyProblem } from '../problem.ts'
import type { Read } from '../read/every-file.ts'
import type { Mapping } from '../schema.ts'
import type { YamlFile } from '../read/yaml.ts'

type Named = { readonly path: readonly PropertyKey[]; readonly place: string; /** How it is called to people. */ readonly under: string }

export const mappingPlaces = ({ mappings }: Read): readonly PolicyProblem[] =>
  [...mappings.values()].flatMap(({ yaml, value }) => {
    const [read, ignored] = [readIn(value), listed(['ignore'], value.ignore)]
    return [...(value.kind === 'hl7-mdm' ? segments([...read, ...ignored], yaml) : []), ...names(value, yaml), ...readAndIgnored(read, ignored, yaml)]
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
  'hl7-mdm': ['TXA-2', 'TXA-16', 'TXA-17', 'TXA-18', 'TXA-19', 'TXA-25', 'OBX-3', 'CON-21', 'CON-22'],
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
