// Each way of breaking a mapping or the sharing rules: file, line, column, path and advice, and nothing told besides.
// ¦ marks the place that has to be named.
import { describe, expect, test } from '@jest/globals'
import { exampleTexts, expectProblem, loadTexts, MARK, withChanges, type BrokenRow as Row, type Change } from '../../support/broken-policy.ts'

const HL7 = 'mappings/rio-hl7-mdm.yaml'
const UPLOAD = 'mappings/rio-upload.yaml'
const RULES = 'mappings/sharing-rules.yaml'
const NO_SETTING = 'no setting may be named in a mapping, for what was approved must not change with a machine: write the value itself'
/** Beside a withhold that is no other spelling of it. */
const shareToo = (text: string): readonly Change[] => [[RULES, 'share: ["MH share with patient"]', `share: ["MH share with patient", ¦"${text}"]`]]
const APPROVED_BY = /approved_by: .*\n/u

describe('in every mapping', () => {
  const rows: readonly Row[] = [HL7, UPLOAD, RULES].flatMap((file): readonly Row[] => [
    [`${file}: a misspelt key is told once, with the right one`, [file, 'approved_on:', '¦approved-on:'], 'approved-on: there is no such key here: did you mean approved_on?'],
    [`${file}: no approver`, [[file, APPROVED_BY, ''], [file, /^/u, MARK]], 'approved_by: this is missing: write the role (no person’s name) that approved the file'],
    ...['TBC', '?', 'x', 'N/A', 'To be confirmed', '12'].map((who): Row => [`${file}: approved by ${who}`, [file, APPROVED_BY, `¦approved_by: "${who}"\n`], `approved_by: "${who}" is no role: write the role that approved it, such as Director of Operations`]),
    [`${file}: a month that no calendar has`, [file, /approved_on: .*\n/u, '¦approved_on: "2026-13-01"\n'], 'approved_on: no calendar has 2026-13-01: a year has 12 months'],
    [`${file}: a date in words`, [file, /approved_on: .*\n/u, '¦approved_on: 1 October 2026\n'], 'approved_on: write "2026-10-01", if that is the day that 1 October 2026 means'],
    [`${file}: a setting`, [file, APPROVED_BY, '¦approved_by: ${LOG_LEVEL}\n'], `approved_by: ${NO_SETTING}`],
    [`${file}: no kind`, [[file, /^kind: .*\n/mu, ''], [file, /^/u, MARK]], /^kind: this is missing: write (one of hl7-mdm, upload|sharing-rules)$/u],
    [`${file}: a misspelt kind`, [file, /^kind: (.*)s?$/mu, '¦kind: $1x'], /^kind: write .*; did you mean (hl7-mdm|upload|sharing-rules)\?$/u],
    [`${file}: a key twice`, [file, /^(approved_on: .*\n)/mu, '$1¦$1'], 'this is not YAML 1.2: a key stands twice: keep one of them'],
    [`${file}: an empty file`, [file, /[\s\S]*/u, MARK], 'the file is empty: write it, or take it away'],
    [`${file}: a top that is no map`, [file, /[\s\S]*/u, '¦share\n'], 'the top of the file must be a map: lines such as kind: feed'],
    [`${file}: a letter of another alphabet`, [file, APPROVED_BY, '¦approved_by: \u0421linical Records\n'], 'approved_by: in this value stands \u0421 (U+0421), which only looks like one of our letters or signs: type it again'],
    [`${file}: a non-breaking space`, [file, APPROVED_BY, '¦approved_by: Clinical\u00A0Records\n'], 'approved_by: in this value stands a non-breaking space (U+00A0): type an ordinary space, or none'],
  ])
  test.each(rows)('%s', (...row) => expectProblem(row))

  test.each([100, 1_500, 50_000])('lists in lists, %i deep, are refused, and nothing is thrown', (depth) => {
    const { policy, lines } = loadTexts({ ...exampleTexts, [HL7]: exampleTexts[HL7]!.replace(/^source: .*/mu, `source: ${'['.repeat(depth)}${']'.repeat(depth)}`) })
    expect([policy, lines]).toEqual([undefined, [expect.stringMatching(/^mappings\/rio-hl7-mdm\.yaml:\d+:\d+ (source: write text, in quotes|this is not YAML 1\.2: lists or maps stand in each other hundreds of times: no file here needs more than six)$/u)]])
  })
})

describe('in a mapping of messages', () => {
  const rows: readonly Row[] = [
    ['HL7: a place that is none', [HL7, 'team: [PV1-3.1]', 'team: [¦PV1.3]'], /^fields\.team\.0: write a place as SEGMENT-FIELD.*; did you mean PV1-3\?$/u],
    ['HL7: a field that is misspelt', [HL7, 'organisations:', '¦organizations:'], 'fields.organizations: there is no such key here: did you mean organisations?'],
    ['HL7: nobody reads the picklist', [[HL7, /^ {2}picklist: .*\n/mu, ''], [HL7, 'fields:', '¦fields:']], 'fields.picklist: this is missing: write a list'],
    ['HL7: nobody reads whether it is available', [[HL7, /^ {2}availability: .*\n/mu, ''], [HL7, 'fields:', '¦fields:']], 'fields.availability: this is missing: write a list'],
    ['HL7: nobody reads whether the patient has died', [[HL7, /^ {2}deceased: .*\n/mu, ''], [HL7, 'fields:', '¦fields:']], 'fields.deceased: this is missing: write a list'],
    ['HL7: nobody reads whether the address may be used', [[HL7, /^ {2}restricted: .*\n/mu, ''], [HL7, 'fields:', '¦fields:']], 'fields.restricted: this is missing: write a list'],
    ['HL7: who sent it taken for who wrote it', [HL7, 'organisations: [TXA-9.14.1, MSH-4.1]', 'organisations: [¦MSH-4.1, TXA-9.14.1]'], 'fields.organisations.0: MSH-4.1 does not say which organisation wrote the document: write TXA-9.14.1, or a Z field, before it'],
    ['HL7: no place at all', [HL7, 'names: [TXA-16, TXA-25, OBX-3.2]', '¦names: []'], 'fields.names: the list must not be empty'],
    ['HL7: a number where a code belongs', [HL7, 'values: ["SWTH", "STBD"]', 'values: [¦0042, "STBD"]'], 'signals.2.values.0: codes are text: put it in quotes'],
    ['HL7: a time zone that is none', [HL7, 'time_zone: Europe/London', '¦time_zone: London'], 'time_zone: write the name of a time zone, for example Europe/London'],
    ['HL7: pre-authenticated as final', [HL7, 'final: ["AU", "LA"]', 'final: ["AU", "LA", ¦"PA"]'], 'completion.final.2: PA is not final: HL7 table 0271 knows only AU and LA as final; put it under draft, or take it out', { second: /^completion\.final\.2: PA stands under draft as well/u }],
    ['HL7: dictated as final, and no longer as a draft', [[HL7, '"DI", ', ''], [HL7, 'final: ["AU", "LA"]', 'final: [¦"di"]']], 'completion.final.0: di is not final: HL7 table 0271 knows only AU and LA as final; put it under draft, or take it out'],
    ['HL7: cancelled as available', [HL7, 'available: ["AV"]', 'available: ["AV", ¦"CA"]'], 'availability.available.1: CA is not available: HL7 table 0273 knows only AV as available; put it under hold, cancelled or superseded', { second: 'availability.cancelled.0: CA stands under available as well: it can only mean one thing' }],
    ['HL7: on hold and cancelled', [HL7, 'cancelled: ["CA"]', 'cancelled: ["CA", ¦"UN"]'], 'availability.cancelled.1: UN stands under hold as well: it can only mean one thing'],
    ['HL7: small letters that no message is compared with', [HL7, 'cancelled: ["CA"]', 'cancelled: [¦"ca"]'], 'availability.cancelled.0: write it in capitals: CA'],
    ['HL7: a source that is none', [HL7, 'source: rio', '¦source: RiO 1'], 'source: use lower-case letters, digits and hyphens, starting with a letter'],
    ['HL7: a segment that no message has', [HL7, 'document_id: [TXA-12.1]', 'document_id: [¦TXB-12.1]'], 'fields.document_id.0: no message has a segment TXB: did you mean TXA-12.1?'],
    ...['MSH-10', 'TXA-1', 'PID-3.1', 'TXA-120'].map((place): Row => [`HL7: ${place} as the id of a document`, [HL7, 'document_id: [TXA-12.1]', `document_id: [TXA-12.1, ¦${place}]`], `fields.document_id.1: ${place} does not say which document it is, so a cancel or a do-not-share that comes later would not find what it is about: write TXA-12.1, or a Z field of your RiO`]),
    ...['txa-12.1', 'TXA.12.1', 'TXA - 12.1', 'TXA:12.1', 'TXA-12(1).1'].map((place): Row => [`HL7: a place as ${place}`, [HL7, 'document_id: [TXA-12.1]', `document_id: [¦"${place}"]`], /^fields\.document_id\.0: write a place as .*; did you mean TXA-12\.1\?$/u]),
    ['HL7: a place without its list', [HL7, 'document_id: [TXA-12.1]', '¦document_id: TXA-12.1'], 'fields.document_id: write a list: ["TXA-12.1"]'],
    ['rules: facts as a sentence', [RULES, 'when: { person: deceased }', '¦when: person is deceased'], 'rules.6.when: write the facts that a document must have, such as { instruction: withhold }'],
    ['rules: a fact that is none', [RULES, 'when: { person: deceased }', 'when: { ¦patient: deceased }'], /^rules\.6\.when\.patient: there is no such key here: the keys are instruction, .*, release$/u],
    ['HL7: a star without quotes', [HL7, 'values: ["*"]', 'values: [¦*]'], 'this is not YAML 1.2: a text cannot begin with * or &: put it in double quotes, such as "*"'],
    ['upload: a place as explain shows it', [UPLOAD, 'number: [patient.nhsNumber]', 'number: [¦metadata.patient.nhsNumber]'], 'nhs_number.number.0: a place begins within the metadata: write patient.nhsNumber'],
    ['HL7: who sent it as the team', [HL7, 'team: [PV1-3.1]', 'team: [PV1-3.1, ¦MSH-4.1]'], 'fields.team.1: MSH-4.1 says who sent the message, so every document would be of one team: write PV1-3.1, or a Z field of your RiO'],
    ['HL7: a segment like none', [HL7, 'team: [PV1-3.1]', 'team: [PV1-3.1, ¦RXE-3]'], /^fields\.team\.1: no message has a segment RXE: they have MSH, .*, and segments of your own that begin with Z$/u],
    ['HL7: a segment that no message has, of a signal', [HL7, 'at: OBX-26', '¦at: OBY-26'], 'signals.2.at: no message has a segment OBY: did you mean OBX-26?'],
    ['HL7: a segment that no message has, of an identifier', [HL7, 'identifiers: [PID-2, PID-3]', 'identifiers: [¦PIB-2, PID-3]'], 'nhs_number.identifiers.0: no message has a segment PIB: did you mean PID-2?'],
    ['HL7: a segment that no message has, ignored', [HL7, '- MSH-8 ', '- ¦MSI-8 '], 'ignore.0: no message has a segment MSI: did you mean MSH-8?'],
    ['HL7: names that are not all read', [HL7, 'names: [TXA-16, TXA-25, OBX-3.2]', '¦names: [TXA-16]'], 'fields.names: add TXA-25, OBX-3.2: a name can stand there, and a blocked code in any name blocks the document'],
    ['HL7: a title that is not looked through', [[HL7, 'title: [TXA-25,', 'title: [ZDC-4, TXA-25,'], [HL7, '  names:', '  ¦names:']], 'fields.names: add ZDC-4: a name can stand there, and a blocked code in any name blocks the document'],
    ['HL7: a field that is read and ignored', [HL7, '- MSH-8 ', '- ¦TXA-16 '], /^ignore\.0: TXA-16 is read under fields\.(names|title|file_name): take TXA-16 out here, or TXA-16 there$/u],
    ['HL7: a field of which a component is read, ignored', [HL7, '- MSH-8 ', '- ¦TXA-2 '], 'ignore.0: TXA-2.2 is read under fields.picklist: take TXA-2 out here, or TXA-2.2 there'],
    ...['TXA-2', 'TXA-2.2'].map((place): Row => [`HL7: the picklist is read elsewhere, and ${place} ignored`, [[HL7, 'picklist: [TXA-2.2, TXA-2.1]', 'picklist: [ZRI-1]'], [HL7, /^ {2}- \{ at: TXA-2\.1.*\n/mu, ''], [HL7, '- MSH-8 ', `- ¦${place} `]], `ignore.0: TXA-2 can say that a document must stay in: take ${place} out here, and read it under fields or signals, or leave it unread`]),
    ['upload: the picklist is read elsewhere, and that of the interface ignored', [[UPLOAD, 'picklist: [documentType]', 'picklist: [sharing]'], [UPLOAD, 'ignore: [', 'ignore: [¦documentType, ']], 'ignore.0: documentType can say that a document must stay in: take documentType out here, and read it under fields or signals, or leave it unread'],
    ...['“V”', '‘V’', '“V"'].map((value): Row => [`HL7: a signal in quotes as Word types them: ${value}`, [HL7, '{ at: TXA-18, values: ["V", "VR"] }', `{ at: TXA-18, values: [¦${value}, "VR"] }`], `signals.0.values.0: in this value stands a quote as a word processor types it (${value[0]} … ${value.at(-1)}), which counts as part of the text: type straight quotes, or none`]),
    ['HL7: a signal that only looks like N', [HL7, 'values: ["P", "N"]', 'values: ["P", ¦"\u039D"]'], 'signals.4.values.1: in this value stands \u039D (U+039D), which only looks like one of our letters or signs: type it again'],
    ['HL7: a field that can say wrong patient, no signal any more and ignored', [[HL7, /^ {2}- \{ at: OBX-11.*\n/mu, ''], [HL7, '- MSH-8 ', '- ¦OBX-11 ']], /^ignore\.0: OBX-11 can say that a document must stay in/u],
    ['HL7: a signal that is ignored', [HL7, '- MSH-8 ', '- ¦TXA-18 '], 'ignore.0: TXA-18 is read under signals: take TXA-18 out here, or TXA-18 there'],
    ['HL7: nothing speaks against sharing', [HL7, /signals:\n(?: .*\n)+/u, '¦signals: []\n'], 'signals: the list must not be empty'],
    ['HL7: an approval to come', [HL7, /approved_on: .*\n/u, '¦approved_on: "2999-10-01"\n'], /^approved_on: 2999-10-01 is still to come, and today is \d{4}-\d\d-\d\d: write the day on which it was approved$/u],
    ['upload: a name that is not looked through', [UPLOAD, 'names: [name, fileName]', '¦names: [name]'], 'fields.names: add fileName: a name can stand there, and a blocked code in any name blocks the document'],
    ['upload: nothing speaks against sharing', [UPLOAD, /signals:\n(?: .*\n)+/u, '¦signals: []\n'], 'signals: the list must not be empty'],
    ['upload: a name that is read and ignored', [UPLOAD, 'ignore: [', 'ignore: [¦status, '], 'ignore.0: status is read under fields.completion: take status out here, or status there'],
    ['upload: all that is under a name ignored', [UPLOAD, 'ignore: [', 'ignore: [¦author, '], 'ignore.0: author.name is read under fields.author: take author out here, or author.name there'],
    ['upload: a place that is none', [UPLOAD, 'team: [team]', 'team: [¦"team name"]'], /^fields\.team\.0: write a place as names with dots/u],
    ['upload: a field that only HL7 has', [UPLOAD, '  team: [team]', '  team: [team]\n  ¦availability: [status]'], /^fields\.availability: there is no such key here: /u],
    ['upload: nobody reads the name', [[UPLOAD, /^ {2}names: .*\n/mu, ''], [UPLOAD, 'fields:', '¦fields:']], 'fields.names: this is missing: write a list'],
    ['upload: a draft as final', [[UPLOAD, 'draft: ["draft"]', 'draft: []'], [UPLOAD, 'final: ["final"]', 'final: ["final", ¦"Draft version"]']], 'completion.final.1: "Draft version" holds the word draft, so it is not final: put it under draft, or take it out'],
    ['upload: text where a list belongs', [UPLOAD, 'ignore: [', '¦ignore: patient #['], 'ignore: write a list: ["patient"]'],
  ]
  test.each(rows)('%s', (...row) => expectProblem(row))

  test('a value under final and draft is told at the second of them', () => {
    expect(loadTexts(withChanges([[UPLOAD, 'final: ["final"]', 'final: ["final", "Approved"]'], [UPLOAD, 'draft: ["draft"]', 'draft: ["draft", "approved "]']])).lines)
      .toEqual([expect.stringMatching(/^mappings\/rio-upload\.yaml:\d+:20 completion\.final\.1: Approved stands under draft as well: it can only mean one thing$/u)])
    expect(loadTexts(withChanges([[HL7, 'draft: ["DI"', 'draft: ["au", "DI"']])).lines).toEqual([expect.stringMatching(/^mappings\/rio-hl7-mdm\.yaml:\d+:11 completion\.final\.0: AU stands under draft as well: it can only mean one thing$/u)])
  })
  test.each([HL7, UPLOAD])('a copy of %s that no feed uses', (file) => {
    expect(loadTexts({ ...exampleTexts, 'mappings/other.yaml': exampleTexts[file]! }).lines).toEqual([expect.stringMatching(/^mappings\/other\.yaml:\d+:1 no feed uses this mapping: name it in a feed, or take the file away$/u)])
  })
  test('sharing rules in a second file', () => {
    expect(loadTexts({ ...exampleTexts, 'mappings/more-rules.yaml': exampleTexts[RULES]! }).lines).toEqual([expect.stringMatching(/^mappings\/more-rules\.yaml:\d+:1 kind: the sharing rules stand in sharing-rules\.yaml alone; here write one of hl7-mdm, upload$/u)])
  })
})

describe('what is no YAML is told in words of the file, and not of the parser', () => {
  const BECAUSE = 'because: The document was cancelled in RiO.'
  const QUOTE = 'put the whole text in double quotes, and write \\" for a quote inside it'
  const rows: readonly Row[] = [
    ['a colon without a space', [RULES, 'test_patients: true', '¦test_patients:true'], 'this line is neither key: value nor the entry of a list: a colon with a space behind it is missing, or the line does not belong here'],
    ['a colon without a space, in braces', [RULES, 'when: { lifecycle: cancelled }', 'when: { "lifecycle"¦cancelled }'], 'a comma is missing between two entries, or a quote inside a text: separate entries by commas'],
    ['a colon without a space, on the last line', [HL7, /$/u, '¦other:true\n'], 'between a key and its value stands a colon with a space behind it: write key: value'],
    ['a colon in a text', [RULES, BECAUSE, 'because: ¦Note: cancelled'], `a second colon stands on this line: ${QUOTE}`],
    ['a text that begins with a sign', [RULES, BECAUSE, 'because: ¦@RiO'], `a text cannot begin with this sign: ${QUOTE}`],
    ['an apostrophe in quotes', [RULES, BECAUSE, "because: 'it'¦s cancelled'"], `something stands behind the value that is no part of it: ${QUOTE}`],
    ['a backslash in quotes', [RULES, BECAUSE, 'because: "C:¦\\qux"'], 'in double quotes a backslash begins a code: write \\\\ for the backslash itself'],
    ['a quote that does not close', [RULES, '["MH share with patient"]', '["MH share with patient]¦'], 'a quote that opens here or further up is not closed: write it at the end of the text'],
    ['a brace that does not close', [RULES, /when: \{ lifecycle: cancelled \}\n {4}route/u, 'when: { lifecycle: cancelled\n    ¦route'], 'a { that stands further up is not closed: write the } that is missing'],
    ['a bracket that does not close', [HL7, /final: \["AU", "LA"\]\n {2}draft/u, 'final: ["AU", "LA"\n  ¦draft'], 'a [ that stands further up is not closed: write the ] that is missing'],
    ['a comma that is missing', [HL7, '["AU", "LA"]', '["AU" ¦"LA"]'], 'a comma is missing between two entries, or a quote inside a text: separate entries by commas'],
    ['a comma too many', [HL7, '["AU", "LA"]', '["AU",¦, "LA"]'], 'there is a comma too many: take it out'],
    ['a line that is indented too little', [RULES, /( {4}route: withhold)/u, '¦   route: withhold'], 'the entries of a list begin with a hyphen and stand under each other: indent this line as those that it belongs to'],
    ['a line that belongs nowhere', [RULES, /\nrules:\n/u, '\n¦and then\nrules:\n'], 'this line is neither key: value nor the entry of a list: a colon with a space behind it is missing, or the line does not belong here'],
  ]
  test.each(rows)('%s', (what, change, says) => expectProblem([what, change, `this is not YAML 1.2: ${String(says)}`]))
  test.each([[RULES, '\nrules:', '\n<<<<<<< HEAD\nrules:'], ['mappings/document-codes.csv', '\nDISC,', '\n=======\nDISC,'], ['channels/print.yaml', '\nkind:', '\n>>>>>>> theirs\nkind:']] as const)('two versions in %s that git could not merge', (file: string, find: string, put: string) => {
    const { policy, lines } = loadTexts(withChanges([[file, find, put]]))
    const line = exampleTexts[file]!.slice(0, exampleTexts[file]!.indexOf(find)).split('\n').length + 1
    expect([policy, lines[0]]).toEqual([undefined, expect.stringMatching(new RegExp(`^${file}:${line}:1 git could not merge two versions of this file, and left [<=>]{7} here: keep one of the two`, 'u'))])
  })
})

describe('in the sharing rules', () => {
  const rows: readonly Row[] = [
    ['a fact that is misspelt', [RULES, 'when: { hold: held }', 'when: { ¦holds: held }'], /^rules\.\d+\.when\.holds: there is no such key here: did you mean hold\?$/u],
    ['a value that the fact does not have', [RULES, 'when: { hold: held }', 'when: { ¦hold: hled }'], /^rules\.\d+\.when\.hold: write one or more of none, held; did you mean held\?$/u],
    ['a value in a list', [RULES, 'release: [none, one] }', 'release: [none, ¦three] }'], /^rules\.\d+\.when\.release\.1: write one or more of two, one, none/u],
    ['an empty list of values', [RULES, 'when: { hold: held }', 'when: { ¦hold: [] }'], /^rules\.\d+\.when\.hold: /u],
    ['a route that is not one', [RULES, /(name: held[\s\S]*?)route: withhold/u, '$1¦route: withold'], /^rules\.\d+\.route: write one of pkb, print, withhold, review; did you mean withhold\?$/u],
    ['the route of an observing directorate', [RULES, /(name: held[\s\S]*?)route: withhold/u, '$1¦route: observe'], /^rules\.\d+\.route: write one of pkb, print, withhold, review$/u],
    ['a rule without conditions', [RULES, /( +- )(name: held\n) +when: .*\n/u, '$1¦$2'], /^rules\.\d+\.when: this is missing: write the facts that a document must have, such as \{ instruction: withhold \}$/u],
    ['a rule without a reason', [RULES, /( +- )(name: held[\s\S]*?) +because: .*\n/u, '$1¦$2'], /^rules\.\d+\.because: this is missing: write text$/u],
    ['a rule that is called like another', [RULES, 'name: superseded', '¦name: cancelled'], /^rules\.1\.name: another rule is called cancelled already \(line \d+\): give each rule a name of its own$/u],
    ['an organisation that is a number', [RULES, 'organisations: ["RWK"]', 'organisations: [¦0042]'], 'trust.organisations.0: codes are text: put it in quotes'],
    ['test patients by a setting', [RULES, 'test_patients: true', '¦test_patients: ${LOG_LEVEL}'], `test_patients: ${NO_SETTING}`],
    ['test patients neither way', [RULES, 'test_patients: true', '¦test_patients: maybe'], 'test_patients: write true or false'],
    ['half a postcode of a prison', [RULES, '"N7 0TT"', '¦"N7"'], 'custodial_postcodes.0: write a whole postcode, such as N7 0TT: anything else matches no address'],
    ['a text with two meanings', [RULES, 'withhold: ["MH DO NOT', 'withhold: [¦"mh  Share with patient", "MH DO NOT'], 'instruction.withhold.0: "mh  Share with patient" stands under share as well: it can only mean one thing'],
    ['an empty text', [RULES, 'withhold: ["MH DO NOT', 'withhold: [¦" ", "MH DO NOT'], 'instruction.withhold.0: this must not be empty'],
    ['a text without the word share', [RULES, 'share: ["MH share with patient"]', 'share: ["MH share with patient", ¦"MH letter"]'], /^instruction\.share\.1: "MH letter" does not plainly say share: /u],
    ['no text that means share', [RULES, 'share: ["MH share with patient"]', '¦share: []'], 'instruction.share: the list must not be empty'],
    ...['MH do not share with patient', 'MH don’t share with patient', "Don't share with patient", 'Never share', 'Share with no one', 'Withhold, share later', 'Share without patient', 'MH N\u00D6T share', 'not-to-be-shared', 'Share unless harmful']
      .map((text): Row => [`"${text}" as share`, [[RULES, 'withhold: ["MH DO NOT share with patient"]', 'withhold: ["MH keep back"]'], [RULES, 'share: ["MH share with patient"]', `share: ["MH share with patient", ¦"${text}"]`]], /^instruction\.share\.1: ".*" holds the word [a-z]+, so it does not mean share: put it under withhold$/u]),
    ...['MH sharing denied', 'MH share with GP only', 'Share = false', 'Opt out of share with patient', 'Share with patient if asked', 'Hide, share with patient', 'Share with patient: denied']
      .map((text): Row => [`"${text}" as share`, shareToo(text), /^instruction\.share\.1: ".*" holds the word [a-z]+, so it does not mean share: put it under withhold$/u]),
    ...['MH sharing', 'Do n0t share with patient', 'D0 share with patient', 'Share = yes', 'Share with GP', 'Share with patient and carer', 'Share with patients GP', 'Patient share', 'Share with patient representative', 'Share with inpatient', 'share-with-patient', 'Share with patient?', 'Reshare with patient']
      .map((text): Row => [`"${text}" as share`, shareToo(text), `instruction.share.1: "${text}" does not plainly say share: such a text is made of letters, digits and spaces, and says "share with patient" behind any name, as in "MH share with patient"; any other waits for a person`]),
    ['a blank reason', [RULES, /( +- name: held[\s\S]*? +)because: .*\n/u, '$1¦because: " "\n'], /^rules\.\d+\.because: this must not be empty$/u],
    ['an organisation that is no ODS code', [RULES, 'organisations: ["RWK"]', 'organisations: ["RWK", ¦"*"]'], 'trust.organisations.1: write an ODS code: 3 to 8 letters and digits, such as RWK'],
    ['an organisation with a space', [RULES, 'organisations: ["RWK"]', 'organisations: [¦"RWK "]'], 'trust.organisations.0: write an ODS code: 3 to 8 letters and digits, such as RWK'],
    ['letters of another script as share', [RULES, 'share: ["MH share with patient"]', 'share: ["MH share with patient", ¦"MH n\u043Et share with patient"]'], 'instruction.share.1: in this value stands \u043E (U+043E), which only looks like one of our letters or signs: type it again', { second: /^instruction\.share\.1: ".*" holds a letter that only looks like one from a to z, or a strange sign: type it again$/u }],
    ['an invisible character in a share text', [RULES, 'share: ["MH share with patient"]', 'share: ["MH share with patient", ¦"MH n\u200Bot share with patient"]'], /^instruction\.share\.1: in this value stands a character that nobody sees \(U\+200B\): take it out$/u, { second: /^instruction\.share\.1: ".*" holds the word not/u }],
  ]
  test.each(rows)('%s', (...row) => expectProblem(row))

  test.each(['Share with patient', 'CAMHS 2 share with patient', 'MH  SHARE letter with the patient', 'Share to patient via PKB', 'Yes share with patient'])('"%s" as share is taken', (text) => {
    const both: readonly Change[] = [...shareToo(text).map(([file, find, put]): Change => [file, find, put.replace(MARK, '')]), [RULES, 'withhold: [', 'withhold: ["CAMHS 2 Don’t share with patient", ']]
    expect(loadTexts(withChanges(both)).lines).toEqual([])
  })
  test.each([['MH DONOT share with patient', 'MH DONOT DO NOT'], ['MH DNS share with patient', 'MH DNS DO NOT'], ['Nicht share with patient', 'Nicht DO NOT'], ['MH failed to share with patient', 'MH failed to DO NOT'], ['Third party  share with patient', 'Third party DO NOT']])('"%s" as share is refused: nothing under withhold says the opposite', (text, instead) =>
    expectProblem(['', shareToo(text), `instruction.share.1: "${text}" has no counterpart: write under withhold what the picklist offers beside it, such as "${instead} share with patient"; where it offers none, this text does not mean share`]))
  test.each(['Keep back', 'CAMHS DO NOT share with patient', 'MH held over'])('what is offered beside share must be under withhold, and "%s" is not', (text) =>
    expectProblem(['', [[RULES, 'share: ["MH', 'share: [¦"MH'], [RULES, '["MH DO NOT share with patient"]', `["${text.replace('held', 'put')}"]`]], /^instruction\.share\.0: "MH share with patient" has no counterpart: .* such as "MH DO NOT share with patient"; /u]))
})

describe('rules that cannot be proved', () => {
  const ruleAt = (texts: ReturnType<typeof withChanges>, name: string): number => texts[RULES]!.split('\n').findIndex((line) => line.includes(`- name: ${name}`)) + 1
  const appended = (count: number) => withChanges([[RULES, /$/u, Array.from({ length: count }, (_, at) => `  - name: more-${at}\n    when: { account: unknown, hold: held }\n    route: review\n    because: One more.\n`).join('')]])

  test('without do-not-share: the rule and its line, the facts that matter, the line of the floor, and what to do', () => {
    const texts = withChanges([[RULES, / {2}- name: do-not-share[\s\S]*?(?= {2}- name)/u, '']])
    const { policy, proof, lines } = loadTexts(texts)
    expect(policy).toBeUndefined()
    expect(proof!.counterExamples.length).toBeGreaterThan(0)
    expect(lines).toContainEqual(expect.stringMatching(new RegExp(
      `^mappings/sharing-rules\\.yaml:${ruleAt(texts, 'to-pkb')}:1 rules\\.to-pkb: this rule breaks F1 of the safety floor \\("The instruction is not to share\\."\\): it sends to pkb with instruction withhold, account registered \\(and for example signals none, code listed, .*\\)\\. ` +
      'Put a rule before it with when: \\{ instruction: \\[missing, unrecognised, withhold\\] \\} and route: withhold or review, or narrow its own conditions$', 'u')))
    expect(lines.filter((line) => line.includes('breaks')).every((line) => line.includes('breaks F1 '))).toBe(true)
  })
  test('a rule that can never fire is named with those that take its cases, and their lines', () => {
    const texts = withChanges([[RULES, /$/u, '  - name: never\n    when: { instruction: withhold }\n    route: review\n    because: It never comes to this.\n']])
    const line = (name: string) => `${name} \\(line ${ruleAt(texts, name)}\\)`
    expect(loadTexts(texts).lines).toEqual([expect.stringMatching(new RegExp(`^mappings/sharing-rules\\.yaml:${ruleAt(texts, 'never')}:1 rules\\.never: this rule can never fire: ${line('cancelled')}, ${line('superseded')}, ${line('do-not-share')} take all its cases; take it out or move it up$`, 'u'))])
  })
  test('the 65th rule is named, and nothing is thrown', () => {
    const count = (exampleTexts[RULES]!.match(/- name: /gu) ?? []).length
    const texts = appended(65 - count)
    const { policy, proof, lines } = loadTexts(texts)
    expect(lines).toEqual([`mappings/sharing-rules.yaml:${ruleAt(texts, `more-${64 - count}`)}:5 rules.64: there are 65 rules, and at most 64 can be proved: make one of rules with the same route, with a list of values`])
    expect([policy, proof]).toEqual([undefined, undefined])
    expect(loadTexts(appended(64 - count)).lines.every((line) => line.includes('can never fire'))).toBe(true)
  })
  test('the proof takes far less than a second, and says how long', () => {
    const { proof, proofMs } = loadTexts(exampleTexts)
    expect(proof!.combinations).toBe(272_160_000)
    expect(proofMs).toBeLessThan(500)
  })
})
