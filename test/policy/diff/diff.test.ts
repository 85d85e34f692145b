// What an analyst or a manager reads of a changed policy, word for word.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import * as fc from '../../support/fast-check.ts'
import { USUAL, type Box } from '../../../src/decide/difference.ts'
import { comparePolicies, type PolicyDiff } from '../../../src/policy/diff/diff.ts'
import { inWords } from '../../../src/policy/diff/report.ts'
import { valueChanges } from '../../../src/policy/diff/values.ts'
import { sentences } from '../../../src/policy/diff/words.ts'
import { readBelow } from '../../../src/policy/files.ts'
import { loadFiles } from '../../../src/policy/load.ts'
import { FACT_NAMES, FACTS, type FactName } from '../../../src/types.ts'
import { testEnvironment } from '../../support/policy.ts'
import { aPolicyFolder, type PolicyFolder } from '../../support/policy-folder.ts'

let before: PolicyFolder
let after: PolicyFolder
beforeEach(() => { before = aPolicyFolder(); after = aPolicyFolder() })
afterEach(() => { before.remove(); after.remove() })

const load = async ({ path }: PolicyFolder) => { const { compiled, files } = loadFiles(await readBelow(path), testEnvironment); return { policy: compiled!, files } }
const compare = async (): Promise<PolicyDiff> => comparePolicies(await load(before), await load(after))
/** The report, with the folders called old and new. */
const report = async (): Promise<readonly string[]> => {
  const [was, is] = [await load(before), await load(after)]
  return inWords(comparePolicies(was, is), { before: was.policy.rules, after: is.policy.rules }).map((line) => line.replaceAll(before.path, 'old').replaceAll(after.path, 'new').replaceAll(/\.yaml:\d+/gu, '.yaml:LINE'))
}
/** The lines under a heading, without their indentation. */
const under = (lines: readonly string[], heading: string): readonly string[] => {
  const from = lines.findIndex((line) => line.trim() === heading)
  if (from < 0) return []
  const depth = lines[from]!.search(/\S/u)
  const rest = lines.slice(from + 1)
  const end = rest.findIndex((line) => line === '' || line.search(/\S/u) <= depth)
  return rest.slice(0, end < 0 ? undefined : end).map((line) => line.trim())
}

const RULES = 'mappings/sharing-rules.yaml'
const CODES = 'mappings/document-codes.csv'
const SERVICES = 'mappings/services.csv'
const DIRECTORATES = 'mappings/directorates.csv'
/** A rule as it stands in the file. */
const ruleIn = (folder: PolicyFolder, name: string): string => new RegExp(String.raw`  - name: ${name}\n(?:    .*\n)+`, 'u').exec(folder.read(RULES))![0]

describe('rules', () => {
  test('a route that was changed is a sentence, with its rule before and after and an example', async () => {
    after.change(RULES, /(name: external\n.*\n {4}route:) review/u, '$1 withhold')
    expect(await report()).toEqual([
      '',
      'Rules',
      '  external: route: review → withhold',
      '  253,575 of 272,160,000 combinations of facts go another way.',
      '',
      '  Stays in, but otherwise',
      '    letters marked share, not produced at the trust, not released by two people: review → withhold',
      '      253,575 combinations; before external (old/mappings/sharing-rules.yaml:LINE), after external (new/mappings/sharing-rules.yaml:LINE); for example producer external',
      '',
      '  Each sentence means letters that are usual in every other way. Where a directorate is observing or not live, pkb, print and review are only what would happen.',
    ])
  })

  test('a rule that was taken out: the safety floor takes its place, and only its reason goes', async () => {
    after.change(RULES, ruleIn(after, 'released-but-address-not-usable'), '')
    const lines = await report()
    expect(lines).toContain('  released-but-address-not-usable is gone')
    expect(under(lines, 'Goes the same way by another rule, so only the reason differs')).toEqual(['review: released-but-address-not-usable (old/mappings/sharing-rules.yaml:LINE) → the safety floor, 3,840 combinations'])
    // Where nothing is sent anyhow: nothing goes out that did not before.
    expect(lines.join('\n')).not.toContain('Goes out')
    expect(under(lines, 'Only observed, so nothing of it is sent, before or after')[0]).toMatch(/^letters marked share, of a directorate that is observing or of a directorate that is not live, for a patient not identified for certain, without an address, released by a person: review → print \(only observed\)$/u)
  })

  test('what goes out and did not before comes first, then what goes another way, then what does not any more', async () => {
    after.change(RULES, /(name: out-of-scope\n.*\n {4}route:) print/u, '$1 review')
    after.change(RULES, /(name: to-pkb\n {4}when: \{ account:) \[registered, unknown\]/u, '$1 registered')
    after.change(RULES, /(name: unregistered\n {4}when: \{ account:) unregistered/u, '$1 [unregistered, unknown]')
    before.change(RULES, /(name: blocked-pkb\n.*\n {4}route:) print/u, '$1 review')
    after.change(RULES, /(name: draft\n.*\n {4}route:) withhold/u, '$1 review')
    const lines = await report()
    expect(lines.map((line) => line.trim()).filter((line) => ['Goes out, and did not before', 'Goes out another way', 'No longer goes out', 'Stays in, but otherwise'].includes(line)))
      .toEqual(['Goes out, and did not before', 'Goes out another way', 'No longer goes out', 'Stays in, but otherwise'])
    expect(under(lines, 'Goes out, and did not before')[0]).toBe('letters marked share, with a code that is blocked from PKB: review → print')
    expect(under(lines, 'Goes out another way')[0]).toBe('letters marked share, for a patient whose PKB account is not known: pkb → print')
    expect(under(lines, 'No longer goes out')).toContain('letters marked share, of a service that does not use PKB: print → review')
    expect(under(lines, 'Stays in, but otherwise')[0]).toBe('letters not marked do-not-share, that are drafts: withhold → review')
  })

  test('a rule that is new in front of the others', async () => {
    after.change(RULES, 'rules:\n', 'rules:\n  - name: appointments\n    when: { kind: appointment, account: unregistered, instruction: share }\n    route: review\n    because: Appointments are told by telephone.\n')
    const lines = await report()
    expect(lines).toContain('  appointments is new')
    expect(under(lines, 'No longer goes out')[0]).toBe('appointment letters marked share, for a patient without a PKB account: print → review')
  })

  test('a reason that was reworded and a rule that was moved without effect change no route', async () => {
    after.change(RULES, 'because: The patient has died.', 'because: The patient died.')
    const superseded = ruleIn(after, 'superseded')
    after.change(RULES, superseded, '')
    after.change(RULES, 'rules:\n', `rules:\n${superseded}`)
    const lines = await report()
    expect(under(lines, 'Rules')).toEqual(['cancelled stands at another place among the rules', 'deceased: because: The patient has died. → The patient died.'])
  })

  test('a conflict that is no longer listed', async () => {
    after.change(RULES, /(name: external\n(?:.*\n){3}) {4}conflict: true\n/u, '$1')
    const lines = await report()
    expect(lines).toContain('  No combination of facts goes another way, of 272,160,000 combinations of facts.')
    expect(under(lines, 'No longer listed as a conflict')[0]).toBe('letters marked share, not produced at the trust, not released by two people: review')
  })
})

describe('codes, services and directorates', () => {
  test('a code that was blocked: what becomes of such letters, and of copies that stand', async () => {
    after.change(CODES, /^CLIN,(.*),listed/mu, 'CLIN,$1,blocked')
    expect(await report()).toEqual([
      '', 'Codes',
      '  CLIN sharing: listed → blocked (approved by Head of Clinical Records, 2026-10-01, as before)',
      '  letters with CLIN: pkb (to-pkb) → withhold (blocked-code-marked-share); copies that stand at PKB are taken back',
    ])
  })

  test('a code that is let into PKB, with a new approval', async () => {
    after.change(CODES, /^PSYR,(.*),blocked-pkb,(.*),2026-10-01$/mu, 'PSYR,$1,listed,$2,2026-11-20')
    expect(under(await report(), 'Codes')).toEqual([
      'PSYR sharing: blocked-pkb → listed (approved by Head of Clinical Records, 2026-11-20)',
      'letters with PSYR: print (blocked-pkb) → pkb (to-pkb)',
    ])
  })

  test('a code that is new and one that is gone', async () => {
    after.change(CODES, /^DISC,.*\n/mu, 'RISK,Risk assessment,clinical,listed,,,Head of Clinical Records,2026-11-20\n')
    expect(under(await report(), 'Codes')).toEqual([
      'DISC is gone: it was name Discharge letter, kind clinical, sharing listed',
      'RISK is new: name Risk assessment, kind clinical, sharing listed (approved by Head of Clinical Records, 2026-11-20)',
      'letters with DISC: pkb (to-pkb) → review (code-unlisted); copies that stand at PKB are taken back',
      'letters with RISK: review (code-unlisted) → pkb (to-pkb)',
    ])
  })

  test('a code whose kind makes it external', async () => {
    after.change(CODES, /^ASMT,(.*),clinical,/mu, 'ASMT,$1,external,')
    expect(under(await report(), 'Codes')[1]).toBe('letters with ASMT: pkb (to-pkb) → review (external); copies that stand at PKB are taken back')
  })

  test('CAMHS into scope', async () => {
    after.change(SERVICES, /^CAMHS1,(.*),out-of-scope/mu, 'CAMHS1,$1,in-scope')
    expect(under(await report(), 'Services')).toEqual([
      'CAMHS1 service: out-of-scope → in-scope (approved by Director of Operations, 2026-10-01, as before)',
      "letters of CAMHS1 (Children's services): print (out-of-scope) → pkb (to-pkb)",
    ])
  })

  test('a service that moves to a directorate that is observing', async () => {
    after.change(SERVICES, /^ADULT1,(.*),newham/mu, 'ADULT1,$1,luton-beds')
    expect(under(await report(), 'Services')).toEqual([
      'ADULT1 directorate: newham → luton-beds (approved by Director of Operations, 2026-10-01, as before)',
      'letters of ADULT1 (Luton and Bedfordshire): pkb (to-pkb) → observe (would be pkb, to-pkb); copies that stand at PKB stay',
    ])
  })

  test('a directorate that goes live: its teams, and from when on', async () => {
    after.change(SERVICES, /$/u, 'ADULT4,Hackney psychology,in-scope,city-hackney,,,Director of Operations,2026-10-01\n')
    before.write(SERVICES, after.read(SERVICES))
    after.change(DIRECTORATES, /^city-hackney,.*$/mu, 'city-hackney,City and Hackney,live,2026-12-01,Directorate Management Team,2026-11-16,2027-11-16,engine,Chief Operating Officer,2026-11-18')
    const lines = await report()
    expect(under(lines, 'Directorates')).toEqual([
      'city-hackney status: not-live → live',
      'city-hackney go_live: empty → 2026-12-01, so what first came before 2026-12-01 is never sent',
      'city-hackney signed_off_by: empty → Directorate Management Team',
      'city-hackney signed_off_on: empty → 2026-11-16',
      'city-hackney review_by: empty → 2027-11-16',
      'city-hackney is approved by Chief Operating Officer, 2026-11-18',
    ])
    expect(under(lines, 'Services')).toEqual(['letters of ADULT3, ADULT4 (City and Hackney), first received from 2026-12-01 on: observe (would be pkb, to-pkb) → pkb (to-pkb)'])
  })

  test('a directorate whose teams come to post for themselves', async () => {
    after.change(DIRECTORATES, /^children,(.*),engine,/mu, 'children,$1,team,')
    const lines = await report()
    expect(under(lines, 'Directorates')).toEqual(['children post: engine → team, so the team posts what is to be printed (approved by Chief Operating Officer, 2024-12-18, as before)'])
    expect(under(lines, 'Services')).toEqual(["letters of CAMHS1 (Children's services): print (out-of-scope) → left to the team (out-of-scope)"])
  })

  test('an approval alone', async () => {
    after.change(CODES, /^(CLIN,.*),2026-10-01$/mu, '$1,2027-01-04')
    expect(await report()).toEqual(['', 'Codes', '  CLIN approved_on: 2026-10-01 → 2027-01-04 (approved by Head of Clinical Records, 2027-01-04)'])
  })
})

describe('limits of reviews', () => {
  const LIMITS = 'mappings/review-limits.csv'
  const NO_LETTER = 'These say whose it is and when it is late. No letter goes another way by them.'

  test('a time, an owner, and both, each in a sentence that claims nothing of letters', async () => {
    after.change(LIMITS, 'external,Directorate management team,10 working days', 'external,Directorate management team,5 working days')
    after.change(LIMITS, 'code,Head of clinical records,', 'code,Duty analyst,')
    after.change(LIMITS, /other,Clinical records team,3 working days,.*/u, 'other,Ward clerk,4 working hours,Director of Operations,2026-10-02')
    expect(await report()).toEqual([
      '',
      'Limits of reviews',
      '  external: late after 5 working days instead of 10 working days (approved by Chief Clinical Information Officer, 2026-10-01, as before)',
      '  code: seen to by Duty analyst instead of Head of clinical records (approved by Chief Clinical Information Officer, 2026-10-01, as before)',
      '  other: late after 4 working hours instead of 3 working days, seen to by Ward clerk instead of Clinical records team (approved by Director of Operations, 2026-10-02)',
      `  ${NO_LETTER}`,
    ])
    expect(await compare()).toMatchObject({ effects: [], unsaid: [], rules: { changes: [] }, rows: [{ table: 'reviewLimits', key: 'external', kind: 'changed', cells: [{ column: 'within', before: '10 working days', after: '5 working days' }] }, {}, {}] })
  })

  test('a row that comes or goes is held against what the engine has', async () => {
    before.change(LIMITS, /\ncode,.*/u, '')
    after.change(LIMITS, 'code,Head of clinical records,3', 'code,Head of clinical records,2')
    after.change(LIMITS, /\nexternal,.*/u, '')
    before.change(LIMITS, /\nother,.*/u, '\nother,Ward clerk,1 working day,Director of Operations,2026-10-02')
    after.change(LIMITS, /\nother,.*/u, '')
    expect(under(await report(), 'Limits of reviews')).toEqual([
      'code: late after 2 working days instead of 3 working days (approved by Chief Clinical Information Officer, 2026-10-01)',
      'other: late after 3 working days instead of 1 working day, seen to by Clinical records team instead of Ward clerk (its row is gone, and what the engine has holds)',
      'external: no longer written down, and in force as before',
      NO_LETTER,
    ])
  })

  test('the table as it is shipped, where there was none: nothing is otherwise', async () => {
    before.drop(LIMITS)
    expect(under(await report(), 'Limits of reviews')).toEqual([expect.stringMatching(/^second-key, unsure, .*, address, other: written down now, as it was in force before$/u), NO_LETTER])
  })

  test('a limit that is only written otherwise, and an approval alone', async () => {
    after.change(LIMITS, 'moved,Clinical records team,1 working day,', 'moved,Clinical records team,1 working days,')
    after.change(LIMITS, /(\nplace,.*)2026-10-01/u, '$12026-10-03')
    expect(under(await report(), 'Limits of reviews')).toEqual(['place: only the approval is another', NO_LETTER])
  })
})

describe('everything else', () => {
  test('texts, organisations, postcodes and test patients', async () => {
    after.change(RULES, 'test_patients: true', 'test_patients: false')
    after.change(RULES, 'organisations: ["RWK"]', 'organisations: ["RWK", "RWK62"]')
    after.change(RULES, 'withhold: ["MH DO NOT share with patient"]', 'withhold: ["MH do not share"]')
    after.change(RULES, '"SE28 0EB", ', '')
    expect(await report()).toEqual([
      '', 'mappings/sharing-rules.yaml',
      '  test_patients: true → false',
      '  trust.organisations: RWK62 added',
      '  instruction.withhold: MH DO NOT share with patient removed',
      '  instruction.withhold: MH do not share added',
      '  custodial_postcodes: SE28 0EB removed',
      '', 'What these do to letters diff cannot say: test_patients, trust.organisations, instruction.withhold, custodial_postcodes. Run npx openletter replay --since … --with DIR and npx openletter test DIR.',
    ])
  })

  test('feeds, destinations and mappings, key by key; tests are counted', async () => {
    after.change('channels/rio-http.yaml', 'status: live', 'status: observing')
    after.change('channels/rio-http.yaml', 'name: a letter marked share goes to the record', 'name: a letter marked share is recorded')
    after.change('channels/print.yaml', 'postage: second', 'postage: first')
    after.change('mappings/rio-hl7-mdm.yaml', 'names: [TXA-16, TXA-25, OBX-3.2]', 'names: [TXA-16, OBX-3.2, OBX-3.1]')
    after.change('mappings/rio-hl7-mdm.yaml', 'title: [TXA-25, TXA-16]', 'title: [TXA-16, TXA-25]')
    const lines = await report()
    expect(under(lines, 'channels/rio-http.yaml')).toEqual(['status: live → observing', expect.stringMatching(/^tests: (\d+) → \1 \(1 added, 1 removed, 0 changed\)$/u), 'letters that rio-http brings: pkb (to-pkb) → observe (would be pkb, to-pkb); copies that stand at PKB stay'])
    expect(under(lines, 'channels/print.yaml')).toEqual(['postage: second → first'])
    expect(under(lines, 'mappings/rio-hl7-mdm.yaml')).toEqual(['fields.names: TXA-25 removed', 'fields.names: OBX-3.1 added', 'fields.title: another order, [TXA-16, TXA-25]'])
    expect(lines.at(-1)).toBe('What these do to letters diff cannot say: mappings/rio-hl7-mdm.yaml. Run npx openletter replay --since … --with DIR and npx openletter test DIR.')
  })

  test('a feed that goes live, and one that takes letters without an organisation for the trust’s own', async () => {
    before.change('channels/rio-mllp.yaml', 'status: live', 'status: not-live')
    after.change('channels/rio-http.yaml', 'producer_when_missing: unknown', 'producer_when_missing: trust')
    const lines = await report()
    expect(under(lines, 'channels/rio-mllp.yaml')).toEqual(['status: not-live → live', 'letters that rio-mllp brings: observe (would be pkb, to-pkb) → pkb (to-pkb)'])
    expect(under(lines, 'channels/rio-http.yaml')).toEqual(['producer_when_missing: unknown → trust', 'letters that rio-http brings, without an organisation of their author: review (producer-unknown) → pkb (to-pkb)'])
    expect(lines.join('\n')).not.toContain('diff cannot say')
  })

  test('what diff cannot say is named with the command that can, and an approval alone is not', async () => {
    after.change('mappings/rio-upload.yaml', /^approved_on: .*$/mu, 'approved_on: "2026-11-20"')
    after.change(RULES, /^approved_on: .*$/mu, 'approved_on: "2026-11-20"')
    expect((await compare()).unsaid).toEqual([])
    after.change('mappings/rio-upload.yaml', /^time_zone: .*$/mu, 'time_zone: Europe/Dublin')
    const [was, is] = [await load(before), await load(after)]
    const last = (folder?: string) => inWords(comparePolicies(was, is), { before: was.policy.rules, after: is.policy.rules, ...(folder ? { folder } : {}) }).at(-1)
    expect(last('next')).toBe('What these do to letters diff cannot say: mappings/rio-upload.yaml. Run npx openletter replay --since … --with next and npx openletter test next.')
    expect(last('settings')).toBe('What these do to letters diff cannot say: mappings/rio-upload.yaml. Run npx openletter replay --since … and npx openletter test.')
  })

  test('a file that is new or gone', async () => {
    before.drop('channels/rio-mllp.yaml')
    expect(await report()).toEqual(['', 'channels/rio-mllp.yaml', '  is new (kind feed, type mllp, status live)',
      '  letters that rio-mllp brings: not taken → pkb (to-pkb)', '  letters that rio-mllp brings, without an organisation of their author: not taken → review (producer-unknown)'])
  })

  test('a secret is never shown, whatever it is called and wherever it hides', async () => {
    after.change('channels/rio-http.yaml', /^token: .*$/mu, 'token: hush-hush-1')
    after.change('channels/pkb.yaml', /^ {2}client_secret: .*$/mu, '  client_secret: hush-hush-2')
    after.change('channels/pkb.yaml', /^ {2}base_url: .*$/mu, '  base_url: https://user:hush-hush-3@pkb.example.org')
    const diff = await compare()
    expect(JSON.stringify(diff)).not.toContain('hush')
    expect(diff.files.flatMap((file) => (file.kind === 'changed' ? file.values : []))).toEqual([{ path: 'fhir.base_url', kind: 'secret' }, { path: 'fhir.client_secret', kind: 'secret' }, { path: 'token', kind: 'secret' }])
    expect(valueChanges({}, { facade: { client_id: 'us', client_secret: 'hush' } })).toEqual([{ path: 'facade', kind: 'added', value: '{ client_id: us, client_secret: (not shown) }' }])
    expect(valueChanges({ urls: ['https://a.example'] }, { urls: ['https://a.example', 'https://me:hush@a.example'] })).toEqual([{ path: 'urls', kind: 'added', value: '(not shown)' }])
  })

  test('entries of a list that have a place of their own are compared one by one', () => {
    const signals = (values: readonly string[]) => ({ signals: [{ at: 'TXA-18', values }, { at: 'OBX-26', values: ['SWTH'] }] })
    expect(valueChanges(signals(['V']), signals(['V', 'R']))).toEqual([{ path: 'signals.TXA-18.values', kind: 'added', value: 'R' }])
    expect(valueChanges(signals(['V']), { signals: signals(['V']).signals.toReversed() })).toEqual([{ path: 'signals', kind: 'moved', value: '[OBX-26, TXA-18]' }])
  })

  test('nothing, and nothing but a comment', async () => {
    expect(await report()).toEqual(['Nothing changed.'])
    after.change(RULES, 'rules:\n', '# Ours.\nrules:\n')
    expect(await report()).toEqual(['Only comments, spacing or order on the page differ: nothing is decided otherwise.'])
  })
})

// ---------------------------------------------------------------- sentences

const aBox = (narrow: Partial<Record<FactName, readonly string[]>> = {}): Box => ({ ...Object.fromEntries(FACT_NAMES.map((fact) => [fact, [USUAL[fact]]])) as unknown as Box, ...narrow })

describe('boxes in words', () => {
  test('what is usual is not named, but for the instruction and who has released it', () =>
    expect(sentences([aBox()]).map(({ text }) => text)).toEqual(['usual letters marked share, not released']))

  test('a more special case of the same is counted with it', () => {
    const [general, special] = [aBox({ producer: ['external'], release: ['none', 'one'] }), aBox({ producer: ['external'], release: ['one'], signals: ['restrictive'] })]
    expect(sentences([special, general])).toMatchObject([{ text: 'letters marked share, not produced at the trust, not released by two people', combinations: 3 }])
  })

  test('what follows from another fact is not said twice', () => {
    const said = (narrow: Parameters<typeof aBox>[0]) => sentences([aBox(narrow)])[0]!.text
    expect(said({ service: ['unknown'], directorate: ['unknown'] })).toBe('letters marked share, of a team that is not in the list, not released')
    expect(said({ kind: ['external'], producer: ['external'] })).toBe('letters from elsewhere marked share, not released')
    expect(said({ kind: ['unknown'], code: ['missing', 'unlisted', 'blocked-pkb', 'blocked'] })).toBe('letters of unknown kind marked share, not released')
    expect(said({ kind: ['unknown'], code: ['missing'] })).toBe('letters of unknown kind marked share, without a code, not released')
  })

  test('every value of every fact has words of its own', () => {
    const texts = FACT_NAMES.flatMap((fact) => FACTS[fact].filter((value) => value !== USUAL[fact]).map((value) => sentences([aBox({ [fact]: [value] })])[0]!.text))
    expect(new Set(texts).size).toBe(texts.length)
    expect(texts.join(' ')).not.toMatch(/undefined/u)
  })

  test('no combination is lost between boxes and sentences', () => {
    const box = fc.record(Object.fromEntries(FACT_NAMES.map((fact) => [fact, fc.subarray([...FACTS[fact]], { minLength: 1 })]))) as unknown as fc.Arbitrary<Box>
    fc.assert(fc.property(fc.array(box, { maxLength: 6 }), (boxes) => {
      const size = (one: Box) => FACT_NAMES.reduce((product, fact) => product * one[fact].length, 1)
      const told = sentences(boxes)
      expect(told.reduce((sum, { combinations }) => sum + combinations, 0)).toBe(boxes.reduce((sum, one) => sum + size(one), 0))
      expect(told.length > 0).toBe(boxes.length > 0)
    }))
  })
})
