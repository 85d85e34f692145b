// What PKB says of a refusal in its own words, as far as nobody can be named by it. Pure. It refuses every word that is not
// listed here: what PKB writes may hold a patient's name, number or letter, and nothing can tell which of its words do.
// A word that is left out stands as an ellipsis.

/** As they are written within a sentence. None is a name that anybody writes so. */
const WORDS: ReadonlySet<string> = new Set((
  'a an the of in on for to with without and or not no nor is are was were be been being must should can cannot could by from at as it its this that there you we has have had does did do ' +
  'provided provide required requires missing empty null blank invalid valid unknown known unsupported supported unexpected expected error errors while when during processing processed parsing parse parsed validation validate ' +
  'failed failure fails unable find found exist exists exceed exceeds exceeded maximum minimum length size large limit allowed permitted recognised recognized match matches matched mismatch ' +
  'patient patients person record records account identifier identifiers id ids number document documents message messages segment segments component field element elements attribute resource reference observation timestamp date time ' +
  'type types code codes value values format content data file files encoding encoded charset string text version placer filler unique organisation organization source sender receiver facility application system ' +
  'duplicate already multiple more than one least only two before after future past registered authorised authorized access denied status either both contain contains containing ' +
  'accepted rejected refused received stored body header request server internal service timeout timed out'
).split(' '))
/** As a sentence begins. */
const BEGINNINGS: ReadonlySet<string> = new Set(['No', 'Not', 'Parsing', 'Unexpected', 'Invalid', 'Missing', 'Unknown', 'Unable', 'Unsupported', 'Cannot', 'Could', 'Error', 'Failed', 'You', 'Patient', 'Document', 'Message', 'Required', 'Validation', 'Duplicate', 'Segment', 'Identifier'])
const ALWAYS: ReadonlySet<string> = new Set(['ID', 'PDF', 'NHS', 'HL7', 'FHIR', 'Base64'])
const PLACE = /^(?:MSH|EVN|PID|PD1|PV1|TXA|OBX|OBR|SCH|NTE|CON)(?:\[\d\])?(?:-\d{1,2}(?:\.\d{1,2})?)?(?:\.(?:OBX|OBR)\[\d\])?$/u

const [LONGEST_READ, MOST_PLACES, FEWEST_WORDS] = [400, 3, 3]
const GAP = '…'

/** Undefined where too little is left to say anything. */
export const theirWords = (text: string): string | undefined => {
  let [words, places, begins] = [0, 0, true]
  const said = text.slice(0, LONGEST_READ).split(/\s+/u).filter((part) => part !== '').map((part) => {
    const [, open = '', core = '', close = ''] = (PLACE.test(part.replace(/[.,:;]$/u, '')) ? /^()(.*?)([.,:;]?)$/u : /^([([]?)(.*?)([\])]?[.,:;]?)$/u).exec(part) ?? []
    const isWord = WORDS.has(core) || ALWAYS.has(core) || (begins && BEGINNINGS.has(core))
    const isPlace = PLACE.test(core) && (places += 1) <= MOST_PLACES
    words += isWord ? 1 : 0
    begins = /[.:]$/u.test(close)
    return isWord || isPlace || core === '' ? open + core + close : open + GAP + close
  })
  return words < FEWEST_WORDS ? undefined : said.join(' ').replaceAll(/…(?:[.,:;]? …)+/gu, GAP)
}

/** After a sentence of ours. */
export const inTheirWords = (text: unknown): string => {
  const said = typeof text === 'string' ? theirWords(text) : undefined
  return said === undefined ? '' : ` In its words: “${said}”`
}
