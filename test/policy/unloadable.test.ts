// Attempts to let out, by configuration, what must stay in: documents marked do-not-share, blocked, not produced at the
// trust and not released, or of a directorate that is not live. Each is refused, or nothing leaves under what was loaded.
import { describe, expect, test } from '@jest/globals'
import * as fc from '../support/fast-check.ts'
import { parse, stringify } from 'yaml'
import { observes, ruled } from '../../src/decide/decide.ts'
import { plan } from '../../src/plan.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { printProblem } from '../../src/policy/problem.ts'
import { firstPrior } from '../../src/policy/test/run.ts'
import type { Environment } from '../../src/settings.ts'
import { FACT_NAMES, FACTS, type Facts, type Person, type Receipt } from '../../src/types.ts'
import { exampleTexts, loadTexts, withChanges, type Change, type Texts } from '../support/broken-policy.ts'
import { tryTests } from '../support/channel-tests.ts'
import { aMdm } from '../support/mdm.ts'
import { aPdf } from '../support/pdf.ts'
import { contentRef, hl7Receipt, uploadReceipt } from '../support/receipts.ts'
import { anUpload, type UploadOverrides } from '../support/upload.ts'

const RULES = 'mappings/sharing-rules.yaml'
const CODES = 'mappings/document-codes.csv'
const SERVICES = 'mappings/services.csv'
const DIRECTORATES = 'mappings/directorates.csv'
const HL7 = 'mappings/rio-hl7-mdm.yaml'
const UPLOAD = 'mappings/rio-upload.yaml'

// ---------------------------------------------------------------- documents that must stay

const PDF = contentRef(aPdf())
const upload = (overrides: UploadOverrides = {}): Receipt => uploadReceipt(anUpload(overrides), { contents: [PDF], declaredType: 'application/pdf' })
const letter = aMdm({ obx: [`OBX|1|ED|CLIN^Clinic letter||RIO^AP^PDF^Base64^${aPdf().toString('base64')}||||||F`] }).replace(/\|*01(?=\rPV1)/u, `${'|'.repeat(21)}01`) // PID-32
const mdm = (change: (message: string) => string = (message) => message): Receipt => hl7Receipt(change(letter))
const DO_NOT = 'MH DO NOT share with patient'

const NEVER = {
  'do-not-share by HTTP': upload({ documentType: DO_NOT }),
  'do-not-share by HL7': mdm((message) => message.replace('MH share with patient', DO_NOT)),
  'a blocked code by HTTP': upload({ name: 'HMHR Report.pdf' }),
  'a blocked code by HL7': mdm((message) => message.replaceAll('CLIN', 'HMHR')),
  'a blocked code before a date by HTTP': upload({ name: 'HMHR Report 12/11/2026' }),
  'a blocked code that looks like one, beside a listed one': upload({ label: '\u041dMHR and/or other papers' }),
  'a letter of another organisation by HTTP': upload({ author: { name: 'Dr Other', organisation: 'RVX' } }),
  'a letter of another organisation by HL7': mdm((message) => message.replace('^^^^^^^^^^^RWK|', '^^^^^^^^^^^RVX|')),
} as const
const NOT_YET = {
  'an observing directorate': upload({ team: 'ADULT2' }),
  'a directorate that is not live': upload({ team: 'ADULT3' }),
  'a team that nobody knows': upload({ team: '__proto__' }),
  'a team that is live and one that is not, by HTTP': upload({ team: ['ADULT1', 'ADULT3'] }),
  'a team that is live and one that is not, by HL7': mdm((message) => message.replace('|ADULT1', '|ADULT1~ADULT3')),
  'final and a draft by HTTP': upload({ status: ['final', 'draft'] }),
  'a document from before go-live': { ...upload(), receivedAt: '2025-01-05T23:59:00.000Z' },
} as const
const ALL = { ...NEVER, ...NOT_YET }

const PEOPLE: readonly Person[] = (['registered', 'unregistered', 'unknown'] as const).map((account) => ({ account, deceased: false }))

/** What leaves, by the rules alone and by the whole plan; the floor under the plan must not be needed. */
const leaving = (policy: Policy, documents: { readonly [what: string]: Receipt }): readonly string[] =>
  Object.entries(documents).flatMap(([what, receipt]) => Object.entries(policy.feeds).flatMap(([feed, { mapping }]) => {
    if (policy.mappings[mapping]!.kind !== receipt.format) return []
    return PEOPLE.flatMap((person) => {
      const planned = plan({ ...receipt, feed }, policy, person, firstPrior(receipt))
      if (!planned.ok) return []
      const { decision, facts } = planned.plan
      const { route } = ruled(policy.rules, facts)
      const byRules = (route === 'pkb' || route === 'print') && !observes(facts, route)
      return decision.route === 'pkb' || decision.route === 'print' || byRules ? [`${what}: ${decision.route}, by the rules alone ${route}`] : []
    })
  }))

test('the documents of this file leave or stay under the example policy as they should, so the attempts mean something', () => {
  const { policy } = loadTexts(exampleTexts)
  expect(leaving(policy!, { upload: upload(), mdm: mdm() })).toEqual(expect.arrayContaining([expect.stringMatching(/^upload: pkb/u), expect.stringMatching(/^mdm: pkb/u)]))
  expect(leaving(policy!, ALL)).toEqual([])
})

type Attempt = readonly [what: string, ends: 'refused' | 'nothing leaves', changes: readonly Change[] | Texts, env?: Environment]
const isChanges = (changes: Attempt[2]): changes is readonly Change[] => Array.isArray(changes)
const attempt = ([, ends, changes, env]: Attempt, documents: { readonly [what: string]: Receipt } = ALL): void => {
  const { policy, lines } = loadTexts(isChanges(changes) ? withChanges(changes) : changes, env)
  expect({ refused: policy === undefined, lines }).toEqual({ refused: ends === 'refused', lines: ends === 'refused' ? expect.arrayContaining([expect.any(String)]) : [] })
  if (policy) expect(leaving(policy, documents)).toEqual([])
}

/** A rule with its lines. */
const ruleOf = (name: string): RegExp => new RegExp(`  - name: ${name}\n[\\s\\S]*?(?=  - name: |$)`, 'u')
const first = (lines: string): Change => [RULES, '\nrules:\n', `\nrules:\n  - name: first\n${lines}    because: It is the first.\n`]
/** Without the tests in the channels that name the rule, so that it is the proof that has to speak. */
const without = (name: string): readonly Change[] => [[RULES, ruleOf(name), '']]

describe('by rules', () => {
  const rows: readonly Attempt[] = [
    ...['pkb', 'print'].flatMap((route): readonly Attempt[] => [
      [`a first rule that sends everything to ${route}`, 'refused', [first(`    when: {}\n    route: ${route}\n`)]],
      [`a first rule that sends what is released to ${route}`, 'refused', [first(`    when: { release: [one, two] }\n    route: ${route}\n`)]],
      [`a first rule that sends one kind to ${route}`, 'refused', [first(`    when: { kind: appointment, instruction: [share, withhold] }\n    route: ${route}\n`)]],
    ]),
    ...['do-not-share', 'no-instruction', 'unrecognised-instruction', 'external', 'producer-unknown', 'directorate-unknown'].map((name): Attempt => [`without the rule ${name}`, 'refused', without(name)]),
    ['without both rules for blocked codes', 'refused', [...without('blocked-code-marked-share'), ...without('blocked-code')]],
    ['do-not-share for one kind of document alone', 'refused', [[RULES, 'when: { instruction: withhold }', 'when: { instruction: withhold, kind: clinical }']]],
    ['external only until one person has released it', 'refused', [[RULES, 'when: { producer: external, release: [none, one] }', 'when: { producer: external, release: none }']]],
    ['do-not-share to print', 'refused', [[RULES, /(name: do-not-share\n.*\n {4}route: )withhold/u, '$1print']]],
    ['a rule for what the directorate is not', 'refused', [first('    when: { directorate: unknown, instruction: share }\n    route: pkb\n')]],
    ['a rule with a fact that every object has', 'refused', [first('    when: { __proto__: x }\n    route: pkb\n')]],
    ['a rule with conditions from elsewhere', 'refused', [first('    when: &all {}\n    route: pkb\n')]],
    ['a rule that says twice what it does', 'refused', [[RULES, /(name: do-not-share\n.*\n {4}route: withhold\n)/u, '$1    route: pkb\n']]],
    ['more rules than can be proved, the last sends everything', 'refused', [[RULES, /$/u, `${Array.from({ length: 40 }, (_, at) => `  - { name: more-${at}, when: { hold: held }, route: review, because: More. }\n`).join('')}  - { name: last, when: {}, route: pkb, because: Last. }\n`]]],
    ['no rules at all', 'refused', [[RULES, /\nrules:[\s\S]*/u, '\nrules: []\n']]],
    ['other rules in a second document', 'refused', [[RULES, /$/u, '---\nrules: []\n']]],
    ['other rules in a second file', 'refused', { ...exampleTexts, 'mappings/sharing-rules.yml': exampleTexts[RULES]!.replace(ruleOf('do-not-share'), '') }],
    ['rules among the channels', 'refused', { ...exampleTexts, 'channels/sharing-rules.yaml': exampleTexts[RULES]! }],
    ['rules under a setting', 'refused', [[RULES, 'when: { instruction: withhold }', 'when: { instruction: "${LOG_LEVEL}" }']], { LOG_LEVEL: 'share' }],
  ]
  test.each(rows)('%s: %s', (...row) => attempt(row))

  type RuleText = { name: string; when: { [fact: string]: string | string[] }; route: string; because: string; conflict?: boolean }
  const head = exampleTexts[RULES]!.slice(0, exampleTexts[RULES]!.indexOf('\nrules:\n') + 1)
  const rules = (parse(exampleTexts[RULES]!) as { rules: RuleText[] }).rules
  // The channels' tests name rules; without them it is the proof alone that refuses.
  const texts = withChanges(['channels/rio-mllp.yaml', 'channels/rio-http.yaml'].map((file): Change => [file, /tests:[\s\S]*/u, `tests:\n  - name: stays in\n    sample: samples/03-do-not-share.${file.includes('mllp') ? 'hl7' : 'json'}\n    expect: { route: withhold }\n`]))
  const any = fc.nat({ max: 10_000 })
  const mutation = fc.oneof(
    fc.record({ kind: fc.constant('drop' as const), at: any }),
    fc.record({ kind: fc.constant('move' as const), at: any, to: any }),
    fc.record({ kind: fc.constant('route' as const), at: any, route: fc.constantFrom('pkb', 'print', 'withhold', 'review') }),
    fc.record({ kind: fc.constant('unless' as const), at: any, fact: any }),
    fc.record({ kind: fc.constant('only' as const), at: any, fact: fc.constantFrom(...FACT_NAMES), values: any }),
  )
  const mutated = (changes: readonly (typeof mutation extends fc.Arbitrary<infer M> ? M : never)[]): RuleText[] => {
    const list = structuredClone(rules)
    for (const change of changes) {
      const at = change.at % list.length
      const rule = list[at]!
      if (change.kind === 'drop' && list.length > 1) list.splice(at, 1)
      if (change.kind === 'move') list.splice(change.to % list.length, 0, ...list.splice(at, 1))
      if (change.kind === 'route') rule.route = change.route
      if (change.kind === 'unless') delete rule.when[Object.keys(rule.when)[change.fact % Object.keys(rule.when).length] ?? '']
      if (change.kind === 'only') rule.when[change.fact] = FACTS[change.fact].filter((_, bit) => ((change.values + 1) >> bit) & 1)
      if (change.kind === 'only' && rule.when[change.fact]!.length === 0) delete rule.when[change.fact]
    }
    return list
  }
  const mustStay = (f: Facts): boolean => f.instruction !== 'share' || f.code === 'blocked' || (f.producer !== 'trust' && f.release !== 'two') || f.directorate !== 'live'
  const facts = fc.record(Object.fromEntries(FACT_NAMES.map((fact) => [fact, fc.constantFrom(...FACTS[fact])]))) as fc.Arbitrary<Facts>

  test('by any few changes to the rules: refused, or the rules alone keep in whatever must stay', () => {
    let loaded = 0
    let refused = 0
    fc.assert(fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), fc.array(facts, { minLength: 60, maxLength: 60 }), (changes, cases) => {
      const { policy } = loadTexts({ ...texts, [RULES]: head + stringify({ rules: mutated(changes) }) })
      if (!policy) { refused += 1; return }
      loaded += 1
      expect(leaving(policy, ALL)).toEqual([])
      for (const one of cases) for (const near of [one, { ...one, lifecycle: 'final', content: 'readable', person: 'alive', hold: 'none', post: 'usable', identity: 'verified', release: 'one' } as Facts]) {
        const { route } = ruled(policy.rules, near)
        if (mustStay(near)) expect([near, route === 'withhold' || route === 'review' || observes(near, route)]).toEqual([near, true])
      }
    }), { numRuns: 90 })
    // Some changes are harmless and most are not: otherwise this would prove nothing.
    expect(loaded).toBeGreaterThan(3)
    expect(refused).toBeGreaterThan(20)
  })
})

describe('by texts and lists', () => {
  const share = (text: string): Change => [RULES, 'share: ["MH share with patient"]', `share: ["MH share with patient", "${text}"]`]
  const withhold = (text: string): Change => [RULES, 'withhold: ["MH DO NOT share with patient"]', `withhold: [${text}]`]
  const rows: readonly Attempt[] = [
    ['do-not-share under share as well', 'refused', [share(DO_NOT)]],
    ['do-not-share under share instead', 'refused', [share(DO_NOT), withhold('"Keep back"')]],
    ['do-not-share under share, in other letters', 'refused', [share('mh  do not SHARE with patient'), withhold('"Keep back"')]],
    ['do-not-share under share, with letters of another script', 'refused', [share('MH DO N\u041eT share with patient'), withhold('"Keep back"')]],
    ['do-not-share under share, with wide letters', 'refused', [share('ＭＨ ＤＯ ＮＯＴ share with patient'), withhold('"Keep back"')]],
    ['do-not-share under share, with a character that nobody sees', 'refused', [share('MH DO N\u00adOT share with patient'), withhold('"Keep back"')]],
    ['do-not-share under share, written with escapes', 'refused', [share('MH DO N\\u200bOT share with patient'), withhold('"Keep back"')]],
    ['nothing at all means do-not-share', 'refused', [withhold('')]],
    ['something else means do-not-share', 'nothing leaves', [withhold('"MH keep back"')]],
    ['the words of do-not-share are no longer known', 'refused', [withhold('"Keep back"')]],
    ...['MH DONOT share with patient', 'MH DNS share with patient', 'Nicht share with patient', 'MH wrong to share with patient', 'Third party share with patient'].map((text): Attempt => [`"${text}", a no that is taken for a name, as share`, 'refused', [share(text)]]),
    ['the picklist is read elsewhere, and where it stands is ignored, by HL7', 'refused', [[HL7, 'picklist: [TXA-2.2, TXA-2.1]', 'picklist: [ZRI-1]'], [HL7, /^ {2}- \{ at: TXA-2\.1.*\n/mu, ''], [HL7, '- MSH-8 ', '- TXA-2 ']]],
    ['the picklist is read elsewhere, and where it stands is ignored, by HTTP', 'refused', [[UPLOAD, 'picklist: [documentType]', 'picklist: [sharing]'], [UPLOAD, 'ignore: [', 'ignore: [documentType, ']]],
    ['the file name is ignored', 'refused', [[UPLOAD, 'names: [name, fileName]', 'names: [name]'], [UPLOAD, 'title: [name, fileName]', 'title: [name]'], [UPLOAD, /^ {2}file_name: .*\n/mu, ''], [UPLOAD, 'ignore: [', 'ignore: [fileName, ']]],
    ['the other picklist text of RiO as share', 'refused', [share('Clinic letter')]],
    ['the completion of a draft as final, by HL7', 'refused', [[HL7, 'final: ["AU", "LA"]', 'final: ["AU", "LA", "DI"]'], [HL7, '"DI", ', '']]],
    ['any completion as final, by HL7', 'refused', [[HL7, 'final: ["AU", "LA"]', 'final: ["AU", "LA", "*"]']]],
    ['a draft as final, by HTTP', 'refused', [[UPLOAD, 'final: ["final"]', 'final: ["final", "draft"]'], [UPLOAD, 'draft: ["draft"]', 'draft: []']]],
    ['a cancelled document as available', 'refused', [[HL7, 'available: ["AV"]', 'available: ["AV", "CA"]'], [HL7, 'cancelled: ["CA"]', 'cancelled: []']]],
    ['availability is not read', 'refused', [[HL7, /^ {2}availability: .*\n/mu, '']]],
    ['the picklist is not read', 'refused', [[UPLOAD, /^ {2}picklist: .*\n/mu, '']]],
    ['the picklist is read where something else stands, by HTTP', 'nothing leaves', [[UPLOAD, 'picklist: [documentType]', 'picklist: [author.name]']]],
    ['the picklist is read where something else stands, by HL7', 'nothing leaves', [[HL7, 'picklist: [TXA-2.2, TXA-2.1]', 'picklist: [TXA-4]']]],
    ['the picklist is read where nothing matters', 'refused', [[HL7, 'picklist: [TXA-2.2, TXA-2.1]', 'picklist: [TXA-3]']]],
    ...['MH sharing denied', 'Opt out of sharing', 'Sharing disallowed', 'MH share with GP only', 'Do n0t share', 'Do n0t share with patient', 'Share = false'].map((text): Attempt => [`"${text}" as share`, 'refused', [share(text)]]),
    ['the names are read where something else stands', 'refused', [[UPLOAD, 'names: [name, fileName]', 'names: [documentDate]']]],
    ['one name of three is read', 'refused', [[HL7, 'names: [TXA-16, TXA-25, OBX-3.2]', 'names: [TXA-16]']]],
    ['a code is read beside the name', 'nothing leaves', [[UPLOAD, 'names: [name, fileName]', 'names: [uploadedBy, name, fileName]']]],
    ['a signal in quotes as Word types them', 'refused', [[HL7, 'values: ["V", "VR"]', 'values: [“V”, “VR”]']]],
    ['a signal that only looks like N', 'refused', [[HL7, 'values: ["P", "N"]', 'values: ["P", "\u039D"]']]],
    ['an id that is another in each message, so that no cancel finds its document', 'refused', [[HL7, 'document_id: [TXA-12.1]', 'document_id: [MSH-10]']]],
    ['the sender taken for a team of a live directorate', 'refused', [[HL7, 'team: [PV1-3.1]', 'team: [MSH-4.1]'], [SERVICES, /$/u, 'RWK,Everybody,in-scope,newham,,,Role,2026-10-01\n'], ['channels/pkb.yaml', 'hospital_services: {', 'hospital_services: { RWK: MHADULT,']]],
    ['the picklist is ignored', 'refused', [[HL7, '- MSH-8 ', '- TXA-2 ']]],
    ['nothing speaks against sharing', 'refused', [[UPLOAD, /signals:\n(?: .*\n)+/u, 'signals: []\n']]],
    ['an approval that nobody can have given', 'refused', [[RULES, /approved_on: .*/u, 'approved_on: "2999-10-01"']]],
    ['an approval by nobody', 'refused', [[RULES, /approved_by: .*/u, 'approved_by: " "']]],
    ["the sender's organisation is taken for the author's", 'refused', [[HL7, 'organisations: [TXA-9.14.1, MSH-4.1]', 'organisations: [MSH-4.1]']]],
    ["the patient's organisation is taken for the author's", 'refused', [[HL7, 'organisations: [TXA-9.14.1, MSH-4.1]', 'organisations: [PID-3.4]']]],
    ['no organisation is read', 'refused', [[UPLOAD, /^ {2}organisations: .*\n/mu, '']]],
    ['no organisation means the trust', 'nothing leaves', [['channels/rio-http.yaml', 'producer_when_missing: unknown', 'producer_when_missing: trust'], ['channels/rio-mllp.yaml', 'producer_when_missing: unknown', 'producer_when_missing: trust']]],
    ['any organisation means the trust', 'refused', [[RULES, 'organisations: ["RWK"]', 'organisations: ["RWK", "*", " "]']]],
  ]
  test.each(rows)('%s: %s', (...row) => attempt(row))
})

test('by an organisation that is looked for where none is, once the tests that show it are taken out: refused', async () => {
  const feed = 'channels/rio-http.yaml'
  const change = (file: string, text: string): string => {
    if (file === UPLOAD) return text.replace('[author.organisation]', '[author.organization]')
    return file === feed ? text.replace('producer_when_missing: unknown', 'producer_when_missing: trust').replace(/^ {2}- [\s\S]*?(?=^ {2}(?:- |#)|(?![\s\S]))/gmu, (one) => (/35-no-author|RVX/u.test(one) ? '' : one)) : text
  }
  const { tested } = await tryTests({ feed: 'rio-http', change })
  expect(tested.results.filter(({ feed: name, problems }) => name === 'rio-http' && problems.length > 0)).toEqual([])
  expect(tested.blocking.map(printProblem)).toEqual([expect.stringContaining('organisation alone stays in'), expect.stringContaining('no test has an organisation at author.organization')])
})

describe('by tables', () => {
  const rows: readonly Attempt[] = [
    ['a blocked code listed', 'refused', [[CODES, 'hearing report,legal,blocked', 'hearing report,legal,listed']]],
    ['a blocked code listed, of another kind', 'refused', [[CODES, 'hearing report,legal,blocked', 'hearing report,other,listed']]],
    ['a blocked code blocked from PKB alone', 'refused', [[CODES, 'hearing report,legal,blocked', 'hearing report,other,blocked-pkb']]],
    ['a blocked code twice, the second listed', 'refused', [[CODES, /(HMHR,[^\n]*\n)/u, '$1HMHR,Report,other,listed,,,Role,2026-10-01\n']]],
    ['a blocked code in small letters, and another listed', 'refused', [[CODES, /HMHR,([^\n]*\n)/u, 'hmhr,$1HMHR,Report,other,listed,,,Role,2026-10-01\n']]],
    ['a blocked code hidden by a character that nobody sees', 'refused', [[CODES, 'HMHR,', 'HM\u200BHR,']]],
    ['a blocked code of another script', 'refused', [[CODES, 'HMHR,', 'H\u041CHR,']]],
    ['a blocked code swallowed by quotes', 'refused', [[CODES, /PSYR,Psychology/u, 'PSYR,"Psychology'], [CODES, 'HMHR,Hospital managers hearing report', 'HMHR,Hospital managers hearing report"']]],
    ['a blocked code taken out', 'refused', [[CODES, /HMHR,.*\n/u, '']]],
    ['blocked as a formula', 'refused', [[CODES, 'hearing report,legal,blocked', 'hearing report,legal,="listed"']]],
    ['columns swapped', 'refused', [[CODES, 'code,name,kind,sharing,', 'code,name,sharing,kind,']]],
    ['a column twice', 'refused', [[CODES, /^(.*)\n/u, '$1,sharing\n']]],
    ['semicolons', 'refused', [[CODES, /,/gu, ';']]],
    ['a second table of codes', 'refused', { ...exampleTexts, 'mappings/document-codes-2.csv': exampleTexts[CODES]!.replaceAll('blocked', 'listed') }],
    ['the same table in capitals', 'refused', { ...exampleTexts, 'mappings/Document-Codes.csv': exampleTexts[CODES]!.replaceAll('blocked', 'listed') }],
    ['an empty table of codes', 'refused', [[CODES, /\n[\s\S]*/u, '\n']]],
    ['a live directorate that nobody signed off', 'refused', [[DIRECTORATES, 'City and Hackney,not-live', 'City and Hackney,live']]],
    ['a live directorate signed off by nobody yet', 'refused', [[DIRECTORATES, 'City and Hackney,not-live,,,,', 'City and Hackney,live,2025-01-06,TBC,2024-12-16,2027-12-16']]],
    ['a live directorate signed off without review', 'refused', [[DIRECTORATES, 'City and Hackney,not-live,,,,', 'City and Hackney,live,2025-01-06,Team,2024-12-16,']]],
    ['a sign-off after go-live', 'refused', [[DIRECTORATES, 'City and Hackney,not-live,,,,', 'City and Hackney,live,2025-01-06,Team,2025-12-16,2027-01-01']]],
    ['a go-live date that no calendar has', 'refused', [[DIRECTORATES, 'Newham,live,2025-01-06', 'Newham,live,0000-00-00']]],
    ['a directorate twice, the second live', 'refused', [[DIRECTORATES, /$/u, 'city-hackney,City,live,2025-01-06,Team,2024-12-16,2027-12-16,engine,Role,2026-10-01\n']]],
    ['a directorate twice in other letters', 'refused', [[DIRECTORATES, /$/u, 'City-Hackney,City,live,2025-01-06,Team,2024-12-16,2027-12-16,engine,Role,2026-10-01\n']]],
    ['a team twice, the second of a live directorate', 'refused', [[SERVICES, /$/u, 'ADULT3,City,in-scope,newham,,,Role,2026-10-01\n']]],
    ['a team twice with a space', 'refused', [[SERVICES, /$/u, 'ADULT3 ,City,in-scope,newham,,,Role,2026-10-01\n']]],
    ['a team that every object has', 'nothing leaves', [[SERVICES, /$/u, 'constructor,Nobody,in-scope,newham,,,Role,2026-10-01\ntoString,Nobody,in-scope,city-hackney,,,Role,2026-10-01\n'], ['channels/pkb.yaml', 'hospital_services: {', 'hospital_services: { constructor: MHADULT, toString: MHADULT,']]],
    ['a directorate that every object has', 'refused', [[SERVICES, 'in-scope,city-hackney', 'in-scope,__proto__']]],
    ['a directorate called like something that every object has', 'nothing leaves', [[SERVICES, 'in-scope,city-hackney', 'in-scope,__proto__'], [DIRECTORATES, 'city-hackney,', '__proto__,']]],
    ['a code that every object has', 'refused', [[CODES, 'CLIN,', '__proto__,']]],
  ]
  test.each(rows)('%s: %s', (...row) => attempt(row))
})

test.each(['go_live', 'signed_off_by', 'signed_off_on', 'review_by'] as const)('were a live directorate without %s ever loaded, it would not be live', (column) => {
  const { policy } = loadTexts(exampleTexts)
  const directorates = Object.fromEntries(Object.entries(policy!.directorates).map(([name, row]) => [name, { ...row, [column]: '' }]))
  expect(leaving({ ...policy!, directorates }, { upload: upload(), mdm: mdm() })).toEqual([])
})

describe('by channels', () => {
  const EVERYWHERE = ['channels/rio-http.yaml', 'channels/rio-mllp.yaml', 'channels/letters.yaml']
  const rows: readonly Attempt[] = [
    ['a feed whose status is a setting', 'refused', [['channels/rio-http.yaml', 'status: live', 'status: ${LOG_LEVEL}']], { LOG_LEVEL: 'live' }],
    ['a feed whose mapping is a setting', 'refused', [['channels/rio-http.yaml', 'mapping: rio-upload', 'mapping: ${LOG_LEVEL}']], { LOG_LEVEL: 'rio-upload' }],
    ['a mapping whose lists are a setting', 'refused', [[UPLOAD, 'final: ["final"]', 'final: ["${LOG_LEVEL}"]']], { LOG_LEVEL: 'draft' }],
    ['an approver that is a setting', 'refused', [['channels/rio-http.yaml', /approved_by: .*/u, 'approved_by: ${LOG_LEVEL}']]],
    ['no approval', 'refused', EVERYWHERE.map((file): Change => [file, /approved_by: .*\n/u, ''])],
    ['a feed under two files', 'refused', { ...exampleTexts, 'channels/rio-http.yml': exampleTexts['channels/rio-http.yaml']!.replace('producer_when_missing: unknown', 'producer_when_missing: trust') }],
    ['a feed that every object has', 'refused', { ...exampleTexts, 'channels/constructor.yaml': exampleTexts['channels/rio-http.yaml']! }],
    ['a feed called __proto__', 'refused', { ...exampleTexts, 'channels/__proto__.yaml': exampleTexts['channels/rio-http.yaml']! }],
    ['a mapping that every object has', 'refused', [['channels/rio-http.yaml', 'mapping: rio-upload', 'mapping: constructor']]],
    ['a second PKB', 'refused', { ...exampleTexts, 'channels/pkb-two.yaml': exampleTexts['channels/pkb.yaml']! }],
    ['nobody to withhold for', 'refused', Object.fromEntries(Object.entries(exampleTexts).filter(([file]) => file !== 'channels/withhold.yaml'))],
    ['a second feed of the same messages, live', 'nothing leaves', { ...exampleTexts, 'channels/second.yaml': exampleTexts['channels/rio-http.yaml']! }],
    ['a status under the wrong roof', 'refused', [['channels/rio-http.yaml', 'status: live', 'status: live\ndirectorate: live']]],
    ['a merge key', 'refused', [['channels/rio-http.yaml', 'status: live', '<<: { status: live }']]],
  ]
  test.each(rows)('%s: %s', (...row) => attempt(row))

  test('under a feed of a name that every object has there is no plan', () => {
    const { policy } = loadTexts(exampleTexts)
    for (const feed of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'nobody'])
      expect(plan({ ...upload(), feed }, policy!, PEOPLE[0]!, firstPrior(upload()))).toMatchObject({ ok: false, refusal: { code: 'POLICY_INVALID' } })
  })
})

test('by any cell of a table, or any line of a mapping, taken from another place: refused, or what must never leave stays', () => {
  const tables = [CODES, DIRECTORATES, SERVICES]
  const anyCell = fc.record({ kind: fc.constant('cell' as const), file: fc.constantFrom(...tables), row: fc.nat(20), column: fc.nat(20), from: fc.nat(20) })
  const anyLine = fc.record({ kind: fc.constant('line' as const), file: fc.constantFrom(...tables, HL7, UPLOAD, RULES), row: fc.nat(200), column: fc.nat(2), from: fc.nat(200) })
  let loaded = 0
  fc.assert(fc.property(fc.array(fc.oneof(anyCell, anyLine), { minLength: 1, maxLength: 3 }), (changes) => {
    const texts: { [path: string]: string } = { ...exampleTexts }
    for (const { kind, file, row, column, from } of changes) {
      const lines = texts[file]!.trimEnd().split('\n')
      const [at, other] = [1 + (row % (lines.length - 1)), 1 + (from % (lines.length - 1))]
      if (kind === 'cell') {
        const [cells, others] = [lines[at]!.split(','), lines[other]!.split(',')]
        cells[column % cells.length] = others[column % cells.length] ?? ''
        lines[at] = cells.join(',')
      } else if (column === 0) lines.splice(at, 1)
      else if (column === 1) lines.splice(at, 0, ...lines.splice(other, 1))
      else lines[at] = lines[other]!
      texts[file] = `${lines.join('\n')}\n`
    }
    const { policy } = loadTexts(texts)
    if (!policy) return
    loaded += 1
    expect(leaving(policy, NEVER)).toEqual([])
  }), { numRuns: 120 })
  expect(loaded).toBeGreaterThan(5)
})
