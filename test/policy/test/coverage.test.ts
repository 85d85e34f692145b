// What no test reaches is said; a feed whose tests do not show that the dangerous documents stay in is refused.
import { describe, expect, test } from '@jest/globals'
import { tryTests, type Trial } from '../../support/channel-tests.ts'

/** Without the tests whose text fits. */
const without = (name: string, fits: RegExp) => (file: string, text: string): string =>
  file === name ? text.replace(/^ {2}- [\s\S]*?(?=^ {2}- |(?![\s\S]))/gmu, (one) => (fits.test(one) ? '' : one)) : text

describe('coverage', () => {
  test('the example channels reach every rule, code, service and directorate', async () => {
    const { tested } = await tryTests({})
    expect(tested.unreached).toEqual({ rules: [], codes: [], services: [], directorates: [] })
  })

  test('a rule that only one test reached is named when that test is gone, for the feed and for all', async () => {
    const { tested } = await tryTests({ change: without('channels/rio-mllp.yaml', /rule: held/u) })
    expect(tested.problems).toEqual([])
    expect(tested.unreached.rules).toEqual(['held'])
    expect(tested.unreachedBy['rio-mllp']!.rules).toContain('held')
  })

  test('a code, a service and a directorate that nobody tests are named', async () => {
    const rows: Record<string, string> = {
      'mappings/document-codes.csv': 'NEWC,New letter,clinical,listed,,,Head of Clinical Records,2026-10-01\n',
      'mappings/services.csv': 'ADULT9,New team,in-scope,north,,,Director of Operations,2026-10-01\n',
      'mappings/directorates.csv': 'north,North,observing,,,,,engine,Chief Operating Officer,2024-12-18\n',
    }
    const known = (text: string): string => text.replace('document_types: {', 'document_types: { NEWC: CL,').replace('hospital_services: {', 'hospital_services: { ADULT9: MHADULT,')
    const { tested } = await tryTests({ change: (file, text) => (file === 'channels/pkb.yaml' ? known(text) : text + (rows[file] ?? '')) })
    expect(tested.problems).toEqual([])
    expect(tested.unreached).toEqual({ rules: [], codes: ['NEWC'], services: ['ADULT9'], directorates: ['north'] })
  })

  test('a refused message and a failed test reach what they reached, and no more', async () => {
    const { tested } = await tryTests({ change: (file, text) => (file === 'channels/rio-mllp.yaml' ? text.replace('rule: held,', 'rule: to-pkb,') : text) })
    expect(tested.problems).toHaveLength(1)
    expect(tested.unreached.rules).toEqual([])
    expect(tested.results.find(({ name }) => name === 'a message without a patient is refused')!.plan).toBeUndefined()
  })
})

describe('a feed must show that these stay in', () => {
  const rows: readonly (readonly [what: string, feed: 'rio-mllp' | 'rio-http', without: RegExp, message: RegExp])[] = [
    ['documents external by their code', 'rio-mllp', /EXTL/u, /no test shows that a document marked share that is external by its code stays in: add one, for example \{ name: .* message: "MSH.*EXTL.*expect: \{ route: review, facts: \{ kind: external \}, not_to: \[pkb, print\] \} \}/u],
    ['documents external by their code, over HTTP', 'rio-http', /05-external/u, /that is external by its code stays in: .*05-external-marked-share\.json/u],
    ['documents external by their organisation', 'rio-mllp', /05-external/u, /no test shows that a document marked share that is external by its author's organisation alone stays in: .*05-external-marked-share\.hl7/u],
    ['documents external by their organisation, over HTTP', 'rio-http', /RVX/u, /that is external by its author's organisation alone stays in: .*organisation: RVX/u],
    ['blocked codes', 'rio-http', /04-hmhr|27-tribunal|HMHR/u, /no test shows that a blocked code marked share stays in: .*facts: \{ code: blocked \}/u],
    ['documents marked do-not-share', 'rio-http', /do-not-share/u, /no test shows that a document marked do-not-share stays in/u],
    ['a directorate that is not live over HL7', 'rio-mllp', /directorate/u, /of a directorate that is not live stays in: .*20-directorate-not-live\.hl7/u],
    ['a directorate that is not live', 'rio-http', /21-directorate/u, /no test shows that a document marked share of a directorate that is not live stays in/u],
  ]
  test.each(rows)('%s', async (_what, feed, fits, message) => {
    const gone = without(`channels/${feed}.yaml`, fits)
    const change: Trial['change'] = (file, text) => gone(file, text).replace(/^tests:/mu, file === `channels/${feed}.yaml` ? '▸tests:' : 'tests:')
    const { lines, marks } = await tryTests({ change })
    expect(lines).toHaveLength(1)
    expect(lines[0]!.startsWith(`${marks[0]} ${feed} › tests: `)).toBe(true)
    expect(lines[0]).toMatch(message)
    // What it advises is enough.
    const advised = await tryTests({ feed, tests: `  - ${lines[0]!.slice(lines[0]!.indexOf('{'))}\n`, change: gone })
    expect(advised.lines).toEqual([])
  })

  test('a do-not-share document: another withheld one is not enough', async () => {
    const { lines } = await tryTests({ change: without('channels/rio-mllp.yaml', /do-not-share/u) })
    expect(lines).toEqual([expect.stringContaining('no test shows that a document marked do-not-share stays in')])
  })

  test('an external document that two people released does not show it', async () => {
    const { lines } = await tryTests({ change: without('channels/rio-mllp.yaml', /05-external(?![\s\S]*released_by: 2)/u) })
    expect(lines).toEqual([expect.stringContaining("external by its author's organisation alone stays in")])
  })

  test('an external document that is marked do-not-share does not show it', async () => {
    const gone = without('channels/rio-http.yaml', /05-external/u)
    const tests = `  - name: marked do-not-share, and external
    upload:
      metadata: { documentId: RIO-TRIAL, event: created, documentType: MH DO NOT share with patient, name: EXTL Letter.pdf, status: final, team: ADULT1, author: { organisation: RWK }, patient: { nhsNumber: "9990000018" } }
    file: samples/letter.pdf
    expect: { route: withhold, facts: { producer: external } }
`
    const { lines } = await tryTests({ feed: 'rio-http', tests, change: gone })
    expect(lines).toEqual([expect.stringContaining('external by its code stays in')])
  })

  test('where no code is blocked and every directorate is live, neither is asked for', async () => {
    const change = (file: string, text: string): string => {
      if (file === 'mappings/document-codes.csv') return text.replaceAll(',blocked,', ',listed,')
      if (file === 'mappings/directorates.csv') return text.replace(/,(observing|not-live),,,,,/gu, ',live,2025-01-06,Team,2024-12-16,2027-12-16,')
      return without('channels/rio-http.yaml', /04-hmhr|27-tribunal|HMHR|21-directorate/u)(file, text)
    }
    const { lines } = await tryTests({ change })
    expect(lines.filter((line) => line.includes('rio-http'))).toEqual([])
  })
})

describe('an organisation must be shown to be read', () => {
  const UPLOAD = 'mappings/rio-upload.yaml'
  const HL7 = 'mappings/rio-hl7-mdm.yaml'
  /** A mapping that looks elsewhere for the organisation, under a feed for which none means the trust, without the tests that fail by it. */
  const looking = (mapping: string, places: string, feed: 'rio-http' | 'rio-mllp', gone: RegExp): Trial['change'] => (file, text) => {
    if (file === mapping) return text.replace(/organisations: .*/u, `organisations: ${places}`)
    return file === `channels/${feed}.yaml` ? without(file, gone)(file, text).replace('producer_when_missing: unknown', 'producer_when_missing: trust') : text
  }
  const NOT_EXTERNAL = expect.stringContaining("external by its author's organisation alone stays in")
  const notAt = (place: string, mapping: string) => expect.stringContaining(`producer_when_missing is trust, and no test has an organisation at ${place}, where the mapping ${mapping} looks for it first`)

  const rows: readonly (readonly [what: string, mapping: string, places: string, feed: 'rio-http' | 'rio-mllp', gone: RegExp, said: readonly unknown[]])[] = [
    ['at a misspelt name', UPLOAD, '[author.organization]', 'rio-http', /RVX|35-no-author/u, [NOT_EXTERNAL, notAt('author.organization', 'rio-upload')]],
    ['at a misspelt name before the right one', UPLOAD, '[author.organization, author.organisation]', 'rio-http', /35-no-author/u, [notAt('author.organization', 'rio-upload')]],
    ['at a component that is always empty, and then that of the sender', HL7, '[TXA-9.14.2, MSH-4.1]', 'rio-mllp', /05-external/u, [NOT_EXTERNAL, notAt('TXA-9.14.2', 'rio-hl7-mdm')]],
    ['in a field that is always empty, and then that of the sender', HL7, '[OBX-23, MSH-4.1]', 'rio-mllp', /05-external/u, [NOT_EXTERNAL, notAt('OBX-23', 'rio-hl7-mdm')]],
    ['where it is', UPLOAD, '[author.organisation]', 'rio-http', /35-no-author/u, []],
    ['where it is, in a message', HL7, '[TXA-9.14.1, MSH-4.1]', 'rio-mllp', /no author/u, []],
  ]
  test.each(rows)('%s', async (_what, mapping, places, feed, gone, said) => {
    const { lines } = await tryTests({ feed, change: looking(mapping, places, feed, gone)! })
    expect(lines.filter((line) => line.includes(` ${feed} › `))).toEqual(said)
  })

  test('where no organisation means unknown, the first place may be one that is seldom used', async () => {
    const { lines } = await tryTests({ change: (file, text) => (file === UPLOAD ? text.replace(/organisations: .*/u, 'organisations: [author.ods, author.organisation]') : text) })
    expect(lines).toEqual([])
  })
})
