// Each way of breaking a channel: file, line, column, path and advice, word for word, and nothing told besides.
// ¦ marks the place that has to be named.
import { describe, expect, test } from '@jest/globals'
import { loadFiles } from '../../../src/policy/load.ts'
import { asFiles, exampleTexts, expectProblem, loadTexts, MARK, withChanges, type BrokenRow as Row, type Change } from '../../support/broken-policy.ts'
import { testEnvironment } from '../../support/policy.ts'

const EVERY = ['mllp', 'http', 'folder', 'pkb', 'print', 'withhold'] as const
const FILE = { mllp: 'channels/rio-mllp.yaml', http: 'channels/rio-http.yaml', folder: 'channels/letters.yaml', pkb: 'channels/pkb.yaml', print: 'channels/print.yaml', withhold: 'channels/withhold.yaml' } as const
const FEEDS = ['mllp', 'http', 'folder'] as const
const APPROVED_BY = /approved_by: .*\n/u
const TYPES = 'mllp, http, folder, pkb, print, withhold'
const NO_SETTING = 'no setting may be named here, for what was approved must not change with a machine: write the value itself'

test('the example policy has no problem', () => expect(loadTexts(exampleTexts).lines).toEqual([]))

test('an approval may be of today, in London, and of no later day', () => {
  const on = (today: string) => loadFiles(asFiles(exampleTexts), testEnvironment, today).problems.map(({ file }) => file)
  expect(on('2026-10-01')).toEqual([])
  expect(on('2026-09-30')).toEqual(expect.arrayContaining(['channels/pkb.yaml', 'channels/rio-http.yaml', 'mappings/rio-upload.yaml', 'mappings/sharing-rules.yaml', 'mappings/document-codes.csv']))
})

describe('in every kind of channel', () => {
  const rows: readonly Row[] = EVERY.flatMap((type): readonly Row[] => {
    const file = FILE[type]
    return [
      [`${type}: a misspelt key is told once, with the right one`, [file, 'approved_by:', '¦aproved_by:'], 'aproved_by: there is no such key here: did you mean approved_by?'],
      [`${type}: a key that is like none`, [file, /^kind:/mu, '¦colour: blue\nkind:'], /^colour: there is no such key here: (the keys are kind, |take it out, or correct its spelling)/u],
      [`${type}: a key twice`, [file, /^(approved_on: .*\n)/mu, '$1¦approved_on: "2026-10-02"\n'], 'this is not YAML 1.2: a key stands twice: keep one of them'],
      [`${type}: no approver`, [[file, APPROVED_BY, ''], [file, /^/u, MARK]], 'approved_by: this is missing: write the role (no person’s name) that approved the file'],
      [`${type}: an empty approver`, [file, APPROVED_BY, '¦approved_by: ""\n'], 'approved_by: this must not be empty'],
      [`${type}: a blank approver`, [file, APPROVED_BY, '¦approved_by: "  "\n'], 'approved_by: this must not be empty'],
      [`${type}: an approval to come`, [file, /approved_on: .*\n/u, '¦approved_on: "2999-10-01"\n'], /^approved_on: 2999-10-01 is still to come, and today is \d{4}-\d\d-\d\d: write the day on which it was approved$/u],
      [`${type}: lines that end in CR alone`, [file, /(.*)\n([\s\S]*)/u, (_: string, first: string, rest: string) => `${first}¦\r${rest.replaceAll('\n', '\r')}`] as never, 'a line ends here in CR alone, as on old Macs: save the file with lines that end in LF or CRLF'],
      [`${type}: no date of approval`, [[file, /approved_on: .*\n/u, ''], [file, /^/u, MARK]], 'approved_on: this is missing: write the day of the approval, for example "2026-11-20"'],
      [`${type}: a date the other way round`, [file, /approved_on: .*\n/u, '¦approved_on: 01/10/2026\n'], 'approved_on: write "2026-10-01", if that is the day that 01/10/2026 means'],
      [`${type}: a day that no calendar has`, [file, /approved_on: .*\n/u, '¦approved_on: "2026-02-31"\n'], 'approved_on: no calendar has 2026-02-31: February 2026 has 28 days'],
      [`${type}: a number where text belongs`, [file, APPROVED_BY, '¦approved_by: 42\n'], 'approved_by: write text, in quotes'],
      [`${type}: a setting for who approved it`, [file, APPROVED_BY, '¦approved_by: ${PKB_ORG_ID}\n'], `approved_by: ${NO_SETTING}`],
      [`${type}: a setting for its kind`, [file, /^kind: .*$/mu, '¦kind: ${LOG_LEVEL}'], `kind: ${NO_SETTING}`],
      [`${type}: a setting for its type`, [file, /^type: .*$/mu, '¦type: ${LOG_LEVEL}'], `type: ${NO_SETTING}`],
      [`${type}: a type that is not one`, [file, /^type: .*$/mu, '¦type: telex'], `type: write one of ${TYPES}`],
      [`${type}: no type`, [[file, /^type: .*\n/mu, ''], [file, /^/u, MARK]], `type: this is missing: write one of ${TYPES}`],
      [`${type}: a character that nobody sees`, [file, APPROVED_BY, '¦approved_by: Chief\u200B Officer\n'], 'approved_by: in this value stands a character that nobody sees (U+200B): take it out'],
      [`${type}: a non-breaking space`, [file, APPROVED_BY, '¦approved_by: Chief\u00A0Officer\n'], 'approved_by: in this value stands a non-breaking space (U+00A0): type an ordinary space, or none'],
      [`${type}: an invisible character in a key`, [file, 'approved_by:', 'approved¦\u00AD_by:'], 'here stands a character that nobody sees (U+00AD): take it out'],
      [`${type}: a tag`, [file, /^approved_by: /mu, 'approved_by: ¦!!str '], 'tags are not used here: take it out'],
      [`${type}: a tag of some program`, [file, /^approved_by: .*$/mu, 'approved_by: ¦!env NAME'], 'tags are not used here: take it out'],
      [`${type}: an anchor`, [file, /^approved_by: /mu, 'approved_by: ¦&who '], 'anchors are not used here: write the value at each place'],
      [`${type}: a merge key`, [file, /^kind:/mu, '¦<<: { type: pkb }\nkind:'], 'merge keys are not used here: write the keys themselves'],
      [`${type}: a key that is a number`, [file, /^kind:/mu, '¦1: x\nkind:'], 'a key is text: put it in quotes, or correct it'],
      [`${type}: a key that every object has`, [file, /^kind:/mu, '¦__proto__: { status: live }\nkind:'], /^__proto__: there is no such key here/u],
      [`${type}: another version of YAML`, [file, /^/u, '¦%YAML 1.1\n---\n'], 'take out the line that begins with %: every file is read as YAML 1.2'],
      [`${type}: two documents in one file`, [file, /$/u, '¦---\nkind: feed\n'], 'this is not YAML 1.2: a file holds one document: take out the line --- and what belongs elsewhere'],
      [`${type}: a list instead of a map`, [file, /[\s\S]*/u, '¦- kind: feed\n'], 'the top of the file must be a map: lines such as kind: feed'],
      [`${type}: an empty file`, [file, /[\s\S]*/u, '¦# nothing\n'], 'the file is empty: write it, or take it away'],
    ]
  })
  test.each(rows)('%s', (...row) => expectProblem(row))
})

describe('in every feed', () => {
  const rows: readonly Row[] = FEEDS.flatMap((type): readonly Row[] => {
    const file = FILE[type]
    const [sample, other, way] = type === 'mllp' ? ['samples/03-do-not-share.hl7', 'samples/03-do-not-share.json', 'upload'] : ['samples/03-do-not-share.json', 'samples/03-do-not-share.hl7', 'message']
    const oneTest = (lines: string, mark = ''): Change => [file, /tests:[\s\S]*/u, `tests:\n  - name: stays in\n    sample: ${sample}\n    expect: { route: withhold }\n  - ${mark}name: another\n${lines}`]
    return [
      [`${type}: a setting for the status`, [file, /^status: .*$/mu, '¦status: ${LOG_LEVEL}'], `status: ${NO_SETTING}`],
      [`${type}: a setting for the mapping`, [file, /^mapping: .*$/mu, '¦mapping: ${LOG_LEVEL}'], `mapping: ${NO_SETTING}`],
      [`${type}: a setting for who produced it`, [file, /^producer_when_missing: .*$/mu, '¦producer_when_missing: ${LOG_LEVEL}'], `producer_when_missing: ${NO_SETTING}`],
      [`${type}: a setting in a test`, oneTest(`    sample: ${sample}\n    expect: { ¦route: "\${LOG_LEVEL}" }\n`), `tests.1.expect.route: ${NO_SETTING}`],
      [`${type}: a status that is not one`, [file, /^status: .*$/mu, '¦status: lve'], 'status: write one of live, observing, not-live; did you mean live?'],
      [`${type}: no status`, [[file, /^status: .*\n/mu, ''], [file, /^/u, MARK]], 'status: this is missing: write one of live, observing, not-live'],
      [`${type}: external documents taken for the trust's own`, [file, /^producer_when_missing: .*$/mu, '¦producer_when_missing: external'], 'producer_when_missing: write one of trust, unknown'],
      [`${type}: a mapping that is not there`, [file, /^mapping: (.*)$/mu, '¦mapping: $1x'], /^mapping: there is no mapping rio-[a-z0-9-]+x: the mappings are rio-hl7-mdm, rio-upload; did you mean rio-[a-z0-9-]+\?$/u, type === 'mllp' ? { second: /no feed uses this mapping/u } : {}],
      [`${type}: a mapping for other messages`, [file, /^mapping: .*$/mu, type === 'mllp' ? '¦mapping: rio-upload' : '¦mapping: rio-hl7-mdm'], /^mapping: a [a-z]+ feed needs a mapping of kind (hl7-mdm|upload), and rio-[a-z0-9-]+ is of kind (hl7-mdm|upload): name another$/u, type === 'mllp' ? { second: /no feed uses this mapping/u } : {}],
      [`${type}: no test at all`, [file, /tests:[\s\S]*/u, '¦tests: []\n'], 'tests: the list must not be empty'],
      [`${type}: no test of a document that is withheld`, [file, /tests:[\s\S]*/u, `¦tests:\n  - { name: one, sample: ${sample}, expect: { route: review } }\n`], 'tests: there is no test of a document that is withheld: add one with expect: { route: withhold }'],
      [`${type}: a test without a message`, oneTest('    expect: { route: pkb }\n', MARK), /^tests\.1: there is nothing to test: write sample: /u],
      [`${type}: a test with two messages`, oneTest(`    sample: ${sample}\n    ¦${way === 'upload' ? 'message: "MSH|"' : 'upload: { metadata: {} }'}\n    expect: { route: pkb }\n`), /a test is about one upload, and sample is here already: take one of them out$/u],
      [`${type}: a test with what the feed does not take`, oneTest(`    ¦${way === 'upload' ? 'upload: { metadata: {} }' : 'message: "MSH|"'}\n    expect: { route: pkb }\n`), /a feed of type [a-z]+ takes no (upload|message): write sample: /u],
      [`${type}: a sample of another kind`, oneTest(`    ¦sample: ${other}\n    expect: { route: pkb }\n`), /a feed of type [a-z]+ takes \.(hl7|json) files: write sample: /u],
      [`${type}: a test that expects nothing`, oneTest(`    sample: ${sample}\n    ¦expect: {}\n`), /^tests\.1\.expect: nothing is expected, so the test could not fail/u],
      [`${type}: a test that expects a rule that is not there`, oneTest(`    sample: ${sample}\n    expect: { ¦rule: do-not-shar }\n`), 'tests.1.expect.rule: there is no rule do-not-shar: did you mean do-not-share?'],
      [`${type}: two tests of one name`, [file, /tests:[\s\S]*/u, `tests:\n  - name: stays in\n    sample: ${sample}\n    expect: { route: withhold }\n  - ¦name: stays in\n    sample: ${sample}\n    expect: { route: withhold }\n`], /^tests\.1\.name: another test of this feed has this name \(line \d+\): give each a name of its own$/u],
      [`${type}: a label that is not one`, oneTest(`    sample: ${sample}\n    expect: { labels: [¦NOPAS] }\n`), /^tests\.1\.expect\.labels\.0: write one of .*did you mean NOPAT\?$/u],
      [`${type}: a fact that is not one`, oneTest(`    sample: ${sample}\n    expect: { facts: { ¦instuction: share } }\n`), 'tests.1.expect.facts.instuction: there is no such key here: did you mean instruction?'],
    ]
  })
  test.each(rows)('%s', (...row) => expectProblem(row))
})

describe('in one kind of channel', () => {
  const SECRET = 'a secret must not stand in a file, for files are kept in the ledger and in version control: write'
  const oneMore = (from: keyof typeof FILE, name: string, find: string | RegExp, put: string): Change => [`channels/${name}.yaml`, /^/u, exampleTexts[FILE[from]]!.replace(find, put)]
  const rows: readonly Row[] = [
    ['mllp: a port beyond the last', [FILE.mllp, 'port: ${MLLP_PORT}', '¦port: 70000'], 'port: write a number of at most 65535'],
    ['mllp: a port in words', [FILE.mllp, 'port: ${MLLP_PORT}', '¦port: hl7'], 'port: write a number'],
    ['mllp: a setting that is no port number', [FILE.mllp, 'port: ${MLLP_PORT}', '¦port: ${MLLP_PORT}  # here'], 'port: write a number', { env: { MLLP_PORT: 'hl7' } }],
    ['mllp: yes instead of true', [FILE.mllp, 'test_system: false', '¦test_system: yes'], 'test_system: write true or false'],
    ['mllp: nothing as a limit', [FILE.mllp, 'max_message_mb: 100', '¦max_message_mb: 0'], 'max_message_mb: write a number above 0'],
    ['mllp: a setting for whether it is a test system', [FILE.mllp, 'test_system: false', '¦test_system: ${HTTP_BEHIND_PROXY}'], `test_system: ${NO_SETTING}`],
    ['mllp: a secret where people read', [FILE.mllp, 'host: ${MLLP_HOST}', '¦host: ${API_TOKEN}'], 'host: API_TOKEN is a secret, and this place is shown to people: write another setting, or the value itself'],
    ['mllp: two feeds on one port', oneMore('mllp', 'rio-second', 'port: ${MLLP_PORT}', '¦port: ${MLLP_PORT}'), 'port: rio-mllp listens on 127.0.0.1:2575 already: choose another port'],
    ['mllp: one address and all addresses', oneMore('mllp', 'rio-second', /host: .*\nport: /u, 'host: 0.0.0.0\n¦port: '), 'port: rio-mllp listens on 127.0.0.1:2575 already: choose another port'],
    ['mllp: this machine by another name', oneMore('mllp', 'rio-second', /host: .*\nport: .*/u, 'host: localhost\n¦port: 2575'), 'port: rio-mllp listens on 127.0.0.1:2575 already: choose another port'],
    ['mllp: the port of the pages', [FILE.mllp, 'port: ${MLLP_PORT}', '¦port: 3000'], 'port: the pages (HTTP_PORT) listens on 127.0.0.1:3000 already: choose another port'],
    ['mllp: the port of the sandbox', [FILE.mllp, 'port: ${MLLP_PORT}', '¦port: 3001'], 'port: the sandbox (SANDBOX_PORT) listens on 127.0.0.1:3001 already: choose another port'],

    ['http: a token written out', [FILE.http, 'token: ${RIO_HTTP_TOKEN}', '¦token: s3cret-token-of-rio'], `token: ${SECRET} \${RIO_HTTP_TOKEN} and set RIO_HTTP_TOKEN; then ask for a new secret`],
    ['http: the token of the pages', [FILE.http, 'token: ${RIO_HTTP_TOKEN}', '¦token: ${API_TOKEN}'], 'token: write ${RIO_HTTP_TOKEN}: no other setting holds this secret'],
    ['http: a setting that is not set', [FILE.http, 'token: ${RIO_HTTP_TOKEN}', '¦token: ${RIO_HTTP_TOKEN}  # here'], 'token: the setting RIO_HTTP_TOKEN is not set: set the environment variable RIO_HTTP_TOKEN', { env: { RIO_HTTP_TOKEN: ' ' } }],
    ['http: a mapping as a file', [FILE.http, 'mapping: rio-upload', '¦mapping: mappings/rio-upload.yaml'], 'mapping: use lower-case letters, digits and hyphens, starting with a letter; did you mean rio-upload?'],
    ['http: a free day on a Saturday', [FILE.http, '{ working_hours: 4 }', '{ working_hours: 4, not_on: [¦"2027-05-08"] }'], /^alert_if_silent\.not_on\.0: 2027-05-08 is a Saturday, a Sunday or a usual bank holiday/u],
    ['http: a free day twice', [FILE.http, '{ working_hours: 4 }', '{ working_hours: 4, not_on: ["2027-05-07", ¦"2027-05-07"] }'], 'alert_if_silent.not_on.1: 2027-05-07 stands in this list already: take it out'],
    ['http: a sample as Windows writes its path', [FILE.http, /sample: samples\/(.*)/u, '¦sample: samples\\$1'], /^tests\.\d+\.sample: a path has \/ between its folders: write samples\/\d\d-/u],
    ...['$MLLP_PORT', 'MLLP_PORT'].map((put): Row => [`mllp: a setting as ${put}`, [FILE.mllp, 'port: ${MLLP_PORT}', () => `¦port: ${put}`] as never, 'port: a setting stands in braces: write ${MLLP_PORT}']),
    ['pkb: a number with its unit', [FILE.pkb, 'timeout_secs: 60', '¦timeout_secs: 60s'], 'timeout_secs: write a number alone: 60'],
    ['http: a size in words', [FILE.http, 'max_document_mb: 100', '¦max_document_mb: "100"'], 'max_document_mb: write a number without quotes'],

    ['folder: the same as another', oneMore('folder', 'letters-two', /folder: \/.*/u, '¦folder: /srv/letters/../letters/in/'), "folder: this is the folder of the feed letters, and each would take the other's files: choose another folder"],
    ['folder: inside another', oneMore('folder', 'letters-two', /folder: \/.*/u, '¦folder: /srv/letters/in/two'), "folder: this folder lies inside that of the feed letters, and each would take the other's files: choose another folder"],
    ['folder: around another', oneMore('folder', 'letters-two', /folder: \/.*/u, '¦folder: /srv/letters'), "folder: inside this folder lies that of the feed letters, and each would take the other's files: choose another folder"],
    ["folder: the print house's", [FILE.folder, /folder: \/.*/u, '¦folder: ${PRINT_DIR}'], "folder: this is the folder of the destination print, and each would take the other's files: choose another folder"],
    ["folder: inside the print house's", [FILE.folder, /folder: \/.*/u, '¦folder: /srv/print/outbox'], "folder: this folder lies inside that of the destination print, and each would take the other's files: choose another folder", { env: { PRINT_DIR: '/srv/print' } }],
    ['folder: no number of seconds', [FILE.folder, 'poll_secs: 1', '¦poll_secs: -1'], 'poll_secs: write a number of at least 0.05'],

    ['pkb: a secret written out', [FILE.pkb, 'client_secret: ${PKB_CLIENT_SECRET}', '¦client_secret: hunter2'], `fhir.client_secret: ${SECRET} \${PKB_CLIENT_SECRET} and set PKB_CLIENT_SECRET; then ask for a new secret`],
    ['pkb: the other secret written out', [FILE.pkb, 'client_secret: ${PKB_FACADE_CLIENT_SECRET}', '¦client_secret: hunter2'], `facade.client_secret: ${SECRET} \${PKB_FACADE_CLIENT_SECRET} and set PKB_FACADE_CLIENT_SECRET; then ask for a new secret`],
    ['pkb: a secret in an address', [FILE.pkb, 'token_url: ${PKB_TOKEN_URL}', '¦token_url: https://client:hunter2@pkb.example.org/token'], 'fhir.token_url: take name and password out of the address: a secret must not stand in a file, and PKB takes client_id and client_secret'],
    ['pkb: an address that nobody confirmed', [FILE.pkb, 'base_url: ${PKB_FHIR_URL}', '¦base_url: https://pkb.example.org/fhir'], /^fhir\.base_url: PKB publishes no promise .* add confirmed_by_pkb/u, { second: /^fhir\.token_url: this is the sandbox/u }],
    ['pkb: an address without TLS', [FILE.pkb, 'token_url: ${PKB_TOKEN_URL}', '¦token_url: http://pkb.example.org/token'], 'fhir.token_url: write an https address: documents and secrets do not travel in clear'],
    ['pkb: an address that is none', [FILE.pkb, 'token_url: ${PKB_TOKEN_URL}', '¦token_url: pkb'], 'fhir.token_url: write an address such as https://example.nhs.uk/fhir'],
    ['pkb: a setting that is misspelt', [FILE.pkb, 'organisation: ${PKB_ORG_ID}', '¦organisation: ${PKB_ORGID}'], 'fhir.organisation: there is no setting PKB_ORGID: did you mean PKB_ORG_ID?'],
    ['pkb: a key of a part misspelt', [FILE.pkb, 'retry: { first_secs: 2,', 'retry: { ¦frist_secs: 2,'], 'retry.frist_secs: there is no such key here: did you mean first_secs?'],
    ['pkb: a part that is missing', [[FILE.pkb, /^circuit: .*\n/mu, ''], [FILE.pkb, /^/u, MARK]], 'circuit: this is missing: write a block of lines such as key: value'],
    ['pkb: half a delivery at once', [FILE.pkb, 'at_once: 1', '¦at_once: 0.5'], 'at_once: write a whole number'],
    ['pkb: a share beyond the whole', [FILE.pkb, 'jitter: 0.3', '¦jitter: 3'], 'retry.jitter: write a number of at most 1'],
    ['pkb: PKB address set, token address not', [FILE.pkb, 'token_url: ${PKB_TOKEN_URL}', '¦token_url: ${PKB_TOKEN_URL}  # here'], 'fhir.token_url: the setting PKB_TOKEN_URL is not set: set the environment variable PKB_TOKEN_URL, or write the value here', { env: { PKB_TOKEN_URL: '' }, second: /^facade\.token_url: the setting PKB_FACADE_TOKEN_URL is not set/u }],
    ['pkb: an answer that counts for ever', [FILE.pkb, 'account_fresh_hours: 24', '¦account_fresh_hours: 100000'], 'account_fresh_hours: write a number of at most 168'],
    ['pkb: no time to answer', [FILE.pkb, 'timeout_secs: 60', '¦timeout_secs: 0.001'], 'timeout_secs: write a number of at least 0.05'],
    ['pkb: a day to answer', [FILE.pkb, 'timeout_secs: 60', '¦timeout_secs: 86400'], 'timeout_secs: write a number of at most 600'],
    ['pkb: a try after a day', [FILE.pkb, 'first_secs: 2', '¦first_secs: 86400'], 'retry.first_secs: write a number of at most 3600'],
    ['pkb: tries without a pause', [FILE.pkb, 'ceiling_secs: 300', '¦ceiling_secs: 0.01'], 'retry.ceiling_secs: write a number of at least 0.05'],
    ['pkb: a circuit that stays open', [FILE.pkb, 'probe_secs: 5', '¦probe_secs: 86400'], 'circuit.probe_secs: write a number of at most 3600'],

    ['print: a value that is near one', [FILE.print, 'postage: second', '¦postage: secnod'], 'postage: write one of first, second, economy; did you mean second?'],
    ['print: a value that is like none', [FILE.print, 'postage: second', '¦postage: 2'], 'postage: write one of first, second, economy'],
    ['print: a key beside its misspelling', [FILE.print, 'postage: second', 'postage: second\n¦postge: first'], /^postge: there is no such key here: /u],
    ['print: text where a list belongs', [FILE.print, /return_address: .*/u, '¦return_address: 1 Trust Way'], 'return_address: write a list: ["1 Trust Way"]'],
    ['print: an empty list', [FILE.print, /return_address: .*/u, '¦return_address: []'], 'return_address: the list must not be empty'],
    ['print: an empty line in a list', [FILE.print, '"1 Trust Way"', '¦""'], 'return_address.1: this must not be empty'],
    ['print: a setting in the middle of a text', [FILE.print, 'folder: ${PRINT_DIR}', '¦folder: ${PRINT_DIR}/x'], 'folder: a setting stands alone: write the whole value as ${NAME}, or no ${} at all'],
    ['print: a setting that is not one', [FILE.print, 'folder: ${PRINT_DIR}', '¦folder: ${WHEREVER}'], /^folder: there is no setting WHEREVER: the settings are DATA_DIR, /u],
    ['print: a setting for whether it is live', [FILE.print, 'mode: demo', '¦mode: ${LOG_LEVEL}'], `mode: ${NO_SETTING}`],
    ['print: an alias', [FILE.print, 'postage: second', 'postage: ¦*p'], 'aliases are not used here: write the value itself'],
    ['mllp: a number in quotes', [FILE.mllp, /max_message_mb: .*/u, '¦max_message_mb: "60"'], 'max_message_mb: write a number without quotes'],
    ['mllp: a number with a comma', [FILE.mllp, /max_message_mb: .*/u, '¦max_message_mb: 0,5'], 'max_message_mb: write a number with a point: 0.5'],
    ['print: a tab', [FILE.print, 'retry: {', 'retry:\n¦\tfirst_secs: 2\nretri: {'], 'this is not YAML 1.2: a line cannot be indented with tabs: use spaces'],
  ]
  test.each(rows)('%s', (...row) => expectProblem(row))

  test('print: brackets that do not close', () => {
    const { lines } = loadTexts(withChanges([[FILE.print, 'Trust", "1 Trust Way", "London", "E1 1AA"]', 'Trust", "1 Trust Way"']]))
    expect(lines).toEqual([expect.stringMatching(/^channels\/print\.yaml:\d+:\d+ this is not YAML 1\.2: /u)])
  })
  test('a destination under another name, and two of one kind', () => {
    const { [FILE.withhold]: withhold, ...rest } = exampleTexts
    expect(loadTexts({ ...rest, 'channels/nobody.yaml': withhold! }).lines).toEqual([expect.stringMatching(/^channels\/nobody\.yaml:\d+:1 type: the destination withhold stands in the file withhold\.yaml: rename the file$/u)])
    expect(loadTexts({ ...exampleTexts, 'channels/nobody.yaml': withhold! }).lines).toEqual([expect.stringMatching(/^channels\/nobody\.yaml:\d+:1 type: withhold\.yaml is the destination withhold already: keep one of them$/u)])
  })
  test.each(['pkb', 'print', 'withhold'] as const)('a route to %s when that channel is not there', (type) => {
    const { [FILE[type]]: _, ...rest } = exampleTexts
    expect(loadTexts(rest).lines).toEqual([expect.stringMatching(new RegExp(`^mappings/sharing-rules\\.yaml:\\d+:5 rules\\.\\d+\\.route: this rule sends to ${type}, and there is no channel ${type}\\.yaml: write it, or send elsewhere$`, 'u'))])
  })
  test('no feed at all', () => {
    const texts = Object.fromEntries(Object.entries(exampleTexts).filter(([file]) => !FEEDS.some((feed) => FILE[feed] === file) && !file.startsWith('channels/rio-')))
    expect(loadTexts(texts).lines).toContainEqual('channels/pkb.yaml:1:1 no channel is a feed, so nothing can come in: write one')
  })
})
