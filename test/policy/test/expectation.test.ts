// Each kind of expectation, met and not met: a failure stands at the very expectation, with expected and actual.
import { beforeAll, describe, expect, test } from '@jest/globals'
import { tryTests, type Tried } from '../../support/channel-tests.ts'

const asTest = (body: string): string => `  - name: the trial\n${body.replace(/^/gmu, '    ')}\n`
const sample = (file: string, expectation: string, more = ''): string => asTest(`sample: samples/${file}\n${more}expect: ${expectation}`)

describe('an expectation that is not met is one line, at its own place', () => {
  const rows: readonly (readonly [what: string, tests: string, message: string])[] = [
    ['route', sample('18-code-unlisted.hl7', '{ ▸route: pkb }'), 'route: expected pkb, actual review (by code-unlisted: The 4-letter code of the document is not in the trust\'s list.)'],
    ['rule', sample('01-share-registered.hl7', '{ route: pkb, ▸rule: unregistered }'), 'rule: expected unregistered, actual to-pkb (It was uploaded as "MH share with patient" and goes to the patient\'s PKB record; without an account it is posted.)'],
    ['rule, on a line of its own', asTest('sample: samples/03-do-not-share.hl7\nexpect:\n  route: withhold\n  ▸rule: blocked-code'), 'rule: expected blocked-code, actual do-not-share (It was uploaded as "MH DO NOT share with patient".)'],
    ['would_route', sample('20-directorate-not-live.hl7', '{ ▸would_route: print }'), /^would_route: expected print, actual pkb \(by to-pkb: .*is not live yet/u.source],
    ['would_route, of what is not observed', sample('03-do-not-share.hl7', '{ ▸would_route: print }'), 'would_route: expected print, actual none (by do-not-share: It was uploaded as "MH DO NOT share with patient".)'],
    ['would_rule', sample('20-directorate-not-live.hl7', '{ ▸would_rule: unregistered }'), /^would_rule: expected unregistered, actual to-pkb \(by /u.source],
    ['conflict', sample('03-do-not-share.hl7', '{ ▸conflict: true }'), 'conflict: expected true, actual false (by do-not-share: It was uploaded as "MH DO NOT share with patient".)'],
    ['variance', sample('03-do-not-share.hl7', '{ ▸variance: true }'), 'variance: expected true, actual false (by do-not-share: It was uploaded as "MH DO NOT share with patient".)'],
    ['left_to_team', sample('02-share-unregistered.hl7', '{ ▸left_to_team: true }', 'person: { account: unregistered }\n'), /^left_to_team: expected true, actual false \(by unregistered: /u.source],
    ['facts', sample('07-no-nhs-number.hl7', '{ facts: { code: listed, ▸identity: verified } }'), 'facts.identity: expected verified, actual missing'],
    ['labels', sample('03-do-not-share.hl7', '{ labels: [V, ▸share] }'), 'labels: expected share, actual V, MH, NOPAT, withhold'],
    ['not_labels', sample('03-do-not-share.hl7', '{ not_labels: [share, ▸NOPAT] }'), 'not_labels: expected no NOPAT, actual V, MH, NOPAT, withhold'],
    ['not_to', sample('02-share-unregistered.hl7', '{ not_to: [pkb, ▸print] }', 'person: { account: unregistered }\n'), /^not_to: expected that it cannot go to print, actual print \(by unregistered: /u.source],
    ['not_to, while PKB has not answered', sample('01-share-registered.hl7', '{ not_to: [▸print] }'), /^not_to: expected that it cannot go to print, actual print once the account is unregistered \(by unregistered: /u.source],
    ['refused, and it is decided', sample('03-do-not-share.hl7', '{ ▸refused: PATIENT_MISSING }'), 'refused: expected PATIENT_MISSING, actual withhold (by do-not-share: It was uploaded as "MH DO NOT share with patient".)'],
    ['refused, for another reason', sample('41-refused-no-patient.hl7', '{ ▸refused: EVENT_UNKNOWN }'), /^refused: expected EVENT_UNKNOWN, actual PATIENT_MISSING \(refused at PID/u.source],
    ['a decision, and it is refused', asTest('sample: samples/41-refused-no-patient.hl7\n▸expect: { route: review }'), /^expect: expected a decision, actual PATIENT_MISSING \(refused at PID/u.source],
    ['resource, one value', sample('01-share-registered.hl7', '{ resource: { ▸status: superseded } }'), 'resource status: expected "superseded", actual "current"'],
    ['resource, nothing there', sample('01-share-registered.hl7', '{ resource: { ▸content.1.attachment.title: x } }'), 'resource content.1.attachment.title: expected "x", actual nothing'],
    ['resource, something there', sample('01-share-registered.hl7', '{ resource: { ▸status: null } }'), 'resource status: expected nothing, actual "current"'],
    ['resource, a list in another order', sample('01-share-registered.hl7', '{ resource: { ▸meta.security.code: [MH, R, MENTAL_HEALTH, share] } }'), 'resource meta.security.code: expected ["MH","R","MENTAL_HEALTH","share"], actual ["R","MH","MENTAL_HEALTH","share"]'],
    ['resource, one of several', sample('01-share-registered.hl7', '{ resource: { ▸meta.security.code: R } }'), 'resource meta.security.code: expected "R", actual ["R","MH","MENTAL_HEALTH","share"]'],
    ['resource, a number that is text', sample('01-share-registered.hl7', '{ resource: { ▸subject.identifier.value: 9990000018 } }'), 'resource subject.identifier.value: expected 9990000018, actual "9990000018"'],
    ['resource, an element that is misspelt, and nothing expected', sample('01-share-registered.hl7', `{ resource: { ▸"meta.securty.where(code='NOPAT')": null } }`), 'resource meta.securty.where(code=\'NOPAT\'): no Meta has an element securty: did you mean security?'],
    ['resource, a pattern that could take for ever', sample('01-share-registered.hl7', `{ resource: { ▸"description.matches('^(a+)+$')": false } }`), 'resource description.matches(\'^(a+)+$\'): matches() is not taken here, because a pattern can take for ever: write the value itself, or use startsWith(), endsWith() or contains()'],
    ['resource, an element that is misspelt in a condition', sample('01-share-registered.hl7', `{ resource: { ▸"securityLabel.coding.where(cod='NOPAT').code": null } }`), 'resource securityLabel.coding.where(cod=\'NOPAT\').code: no Coding has an element cod: did you mean code?'],
    ['resource, an element of another type', sample('01-share-registered.hl7', '{ resource: { ▸content.attachment.coding: null } }'), /^resource content\.attachment\.coding: no Attachment has an element coding: /u.source],
    ['resource, an element of what has none', sample('01-share-registered.hl7', '{ resource: { ▸status.code: null } }'), 'resource status.code: code is asked of what holds no elements: take it out'],
    ['resource, a function of a misspelt element', sample('01-share-registered.hl7', '{ resource: { ▸securityLable.exists(): false } }'), 'resource securityLable.exists(): no DocumentReference has an element securityLable: did you mean securityLabel?'],
    ['resource, no element at all', sample('01-share-registered.hl7', `{ resource: { ▸"'x'": x } }`), /^resource 'x': this asks for no element of the DocumentReference/u.source],
    ['resource, a comparison of constants', sample('01-share-registered.hl7', '{ resource: { ▸1 = 1: true } }'), /^resource 1 = 1: this asks for no element of the DocumentReference/u.source],
    ['resource, FHIRPath that does not close', sample('01-share-registered.hl7', '{ resource: { ▸"content[": x } }'), /^resource content\[: this cannot be evaluated as FHIRPath, nor as a path with dots: /u.source],
    ['resource, a function that there is not', sample('01-share-registered.hl7', '{ resource: { ▸content.frist().attachment.title: x } }'), /^resource content\.frist\(\)\.attachment\.title: this cannot be evaluated .*frist/u.source],
    ['resource, more than an expression', sample('01-share-registered.hl7', '{ resource: { ▸"status current": current } }'), 'resource status current: this cannot be evaluated as FHIRPath, nor as a path with dots: nothing is expected before "current"'],
  ]
  // All in one policy; each row has one mark and one problem.
  let tried: Tried
  beforeAll(async () => { tried = await tryTests({ tests: rows.map(([what, tests]) => tests.replace('the trial', `"${what}"`)).join('') }) })

  test.each(rows.map(([what, , message], at) => ({ what, message, at })))('$what', ({ what, message, at }) => {
    const lines = tried.lines.filter((line) => line.includes(` rio-mllp › ${what}: `))
    expect(lines).toHaveLength(1)
    const start = `${tried.marks[at]} rio-mllp › ${what}: `
    const said = lines[0]!.slice(start.length)
    expect(lines[0]!.slice(0, start.length)).toBe(start)
    if (message.startsWith('^')) expect(said).toMatch(new RegExp(message, 'u'))
    else expect(said).toBe(message)
  })

  test('and nothing else fails', () => expect([tried.lines.length, tried.marks.length]).toEqual([rows.length, rows.length]))

  test('every expectation that is not met is told, not the first alone', async () => {
    const { lines, marks, tested } = await tryTests({ tests: sample('03-do-not-share.hl7', '{ ▸route: pkb, labels: [R] }') })
    expect(lines.map((line) => line.split(': ').slice(1).join(': '))).toEqual([
      'route: expected pkb, actual withhold (by do-not-share: It was uploaded as "MH DO NOT share with patient".)',
      'labels: expected R, actual V, MH, NOPAT, withhold',
    ])
    expect(lines[0]!.startsWith(marks[0]!)).toBe(true)
    expect(tested.results.filter(({ problems }) => problems.length > 0).map(({ name }) => name)).toEqual(['the trial'])
  })
})

describe('an expectation that is met says nothing', () => {
  const rows: readonly (readonly [what: string, feed: 'rio-mllp' | 'rio-http', tests: string])[] = [
    ['of what is observed', 'rio-mllp', sample('20-directorate-not-live.hl7', '{ route: observe, rule: to-pkb, would_route: pkb, would_rule: to-pkb, conflict: false, variance: false, left_to_team: false, facts: { directorate: not-live }, labels: [V, undecided], not_labels: [share], not_to: [pkb, print] }')],
    ['a variance', 'rio-http', sample('10-appointment-do-not-share.json', '{ variance: true, facts: { kind: appointment, instruction: withhold } }')],
    ['a conflict', 'rio-mllp', sample('29-confidential.hl7', '{ conflict: true }')],
    ['a refusal', 'rio-http', sample('40-refused-no-document-id.json', '{ refused: DOCUMENT_ID_MISSING }')],
    ['not print, where PKB says that there is an account', 'rio-mllp', sample('01-share-registered.hl7', '{ not_to: [print] }', 'person: { account: registered }\n')],
    ['a resource, by paths with dots', 'rio-mllp', sample('01-share-registered.hl7', '{ resource: { content.0.attachment.contentType: application/pdf, securityLabel.1.coding.0.code: MH, content.1: null, meta.versionId: [] } }')],
    ['a resource, by FHIRPath', 'rio-mllp', asTest(`sample: samples/01-share-registered.hl7
expect:
  resource:
    "content[0].attachment.contentType": application/pdf
    securityLabel.coding.where(system='http://terminology.hl7.org/CodeSystem/v3-ActCode').code: MH
    securityLabel.coding.where(code='1.0').exists(): false
    securityLabel.count(): 4
    securityLabel.count() > 1.5: true
    meta.security.code: [R, MH, MENTAL_HEALTH, share]
    DocumentReference.status: current
    subject.identifier.extension.value.coding.code: "01"
    (content.attachment | content.format).exists(): true
    content.attachment.select(contentType): application/pdf
    identifier.where(use = 'old'): null
    author.first().type: Practitioner`)],
  ]
  test.each(rows)('%s', async (_what, feed, tests) => {
    const { lines, tested } = await tryTests({ feed, tests })
    expect(lines).toEqual([])
    expect(tested.results.map(({ name }) => name)).toContain('the trial')
  })

  test('left to the team, where the teams post for themselves', async () => {
    const change = (file: string, text: string) => (file === 'mappings/directorates.csv' ? text.replaceAll(',engine,', ',team,') : text)
    const { lines } = await tryTests({ change, tests: sample('02-share-unregistered.hl7', '{ route: print, left_to_team: true }', 'person: { account: unregistered }\n') })
    expect(lines).toEqual([])
  })
})
