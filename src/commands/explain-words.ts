// An explanation as text for a terminal: sections with aligned columns, the decision and then how it came about, in the
// order of the journey. It refuses control characters, which a message could use to move the cursor.
import { short, way, type Explanation, type Reasons } from '../engine/explanation.ts'
import type { Field } from '../parse/fields.ts'

type Lines = readonly string[]

/** One line end at most, and nothing that a terminal would obey. */
const plain = (text: string): string => text.replace(/\p{Cc}+/gu, ' ')

/** The last column runs on. */
const table = (rows: readonly Lines[]): Lines => {
  const widths = rows.reduce<readonly number[]>((widest, row) => row.slice(0, -1).map((cell, n) => Math.max(widest[n] ?? 0, cell.length)), [])
  return rows.map((row) => `  ${row.map((cell, n) => (n < row.length - 1 ? plain(cell).padEnd(widths[n] ?? 0) : plain(cell))).join('  ')}`.trimEnd())
}
const section = (title: string, lines: Lines): Lines => (lines.length === 0 ? [] : ['', title, ...lines])

export const inWords = (explained: Explanation): string => [
  ...heading(explained),
  ...refusal(explained),
  ...unloadable(explained),
  ...(explained.reasons ? reasonsInWords(explained.reasons) : []),
  ...recorded(explained),
  ...past(explained),
].join('\n')

const heading = ({ about, policy }: Explanation): Lines => [
  'file' in about ? `${plain(about.file)}, as the feed ${about.feed} would take it for a document that is not known yet` : `Document ${about.document} (${about.source} ${plain(about.sourceId)}), revision ${about.revision}, by the feed ${about.feed}`,
  `Policy ${short(policy.hash)}, ${policy.from === 'disk' ? 'from the files on disk' : `in force from ${policy.since}`}${policy.inForce === undefined ? '' : `. It is not in force: that is policy ${short(policy.inForce)}`}`,
]

const refusal = ({ refused }: Explanation): Lines => (refused ? section(`Refused: ${refused.code}`, table([['place', refused.at], ['what', refused.detail], ['what to do', refused.hint]])) : [])

const unloadable = ({ unloadable: problems, policy }: Explanation): Lines =>
  (problems ? section(`Policy ${short(policy.hash)} cannot be loaded by this version of the program, so nothing can be explained under it`, problems.map((line) => `  ${plain(line)}`)) : [])

// ---------------------------------------------------------------- the plan

const FORBIDS = { pkb: 'PKB', print: 'print', send: 'sending to PKB' } as const
const MARKS: { readonly [outcome: string]: string } = { matched: '✔', 'not-matched': '·' }
const WHAT = { send: 'is sent', 'take-back': 'is taken back', leave: 'stands, and stays', close: 'nothing is owed any more' } as const

const reasonsInWords = ({ fields, facts, floor, rules, decision, labels, owed, resource, unread }: Reasons): Lines => {
  const asks = (destination: string): boolean => destination === 'pkb' && facts.some(({ fact, value }) => fact === 'account' && value === 'unknown')
  const tried = rules.filter(({ outcome }) => outcome !== 'not-tried')
  return [
    ...section('Decision', table([
      ['route', `${decision.route}${decision.wouldRoute ? ` (would be ${decision.wouldRoute} by ${decision.wouldRule})` : ''}`],
      ['rule', decision.rule],
      ['because', decision.because],
      ...(decision.conflict ? [['conflict', 'the instruction and something else disagree; it is listed for the directorate']] : []),
      ...(decision.variance ? [['variance', 'an appointment letter marked do-not-share; it is listed as differing from the policy']] : []),
      ...labels.map(({ code, display }, n) => [n === 0 ? 'labels' : '', `${code}  ${display}`]),
      ['owed', owed.map(({ destination, what }) => `${destination}: ${WHAT[what]}${what === 'send' && asks(destination) ? ', once PKB says that the patient has an account' : ''}`).join('; ') || (decision.leftToTeam ? 'nothing: the team posts it' : 'nothing')],
    ])),
    ...section('What the message says', table(fields.flatMap(fieldRows))),
    ...section('Facts', table(facts.map(({ fact, value, why }) => [fact, value, why]))),
    ...section('The safety floor', floor.length === 0 ? ['  nothing on it speaks against PKB or print'] : table(floor.map(({ line, forbids, says }) => [line, `forbids ${forbids.map((one) => FORBIDS[one]).join(', ')}`, says]))),
    ...section('Rules, in order', [...table(tried.map(({ rule, file, line, outcome, why }) => [MARKS[outcome] ?? '', rule, `${file}:${line}`, why ?? ''])), ...notTried(rules.length - tried.length)]),
    ...section('DocumentReference', JSON.stringify(resource, undefined, 2).split('\n').map((line) => `  ${line}`)),
    ...section('Nobody read', table(unread.length === 0 ? [['nothing is left over']] : unread.map((place) => [place]))),
  ]
}

const notTried = (count: number): Lines => (count === 0 ? [] : [`  ${count === 1 ? 'the rule after it was' : `the ${count} rules after it were`} not tried`])

const fieldRows = ({ field, values, lookedAt }: Field): readonly Lines[] => {
  const looked = lookedAt.length > 0 ? `(looked at ${lookedAt.join(', ')})` : '(the mapping names no place)'
  if (values.length === 0) return [[field, field === 'files' ? 'none' : `nothing  ${looked}`]]
  return values.map(({ text, at, written }, n) => [n === 0 ? field : '', `${field === 'files' ? text : `"${text}"`}  (${at || 'no place'}${written === undefined ? '' : `, written "${written}"`})`])
}

// ---------------------------------------------------------------- beside it

const recorded = ({ recorded: record, receipts = [], deliveries = [], past }: Explanation): Lines => [
  ...(record ? section('Recorded', [
    ...table([['decision', way(record.decision)], ['because', record.decision.because], ['policy', short(record.decision.policy)]]),
    ...(record.differences.length === 0 ? ['  It is the same as above.'] : ['  It differs from the above:', ...record.differences.map((line) => `  - ${plain(line)}`)]),
  ]) : []),
  ...section('Deliveries', table(deliveries.map(({ destination, state, standing, standingRevision }) => [destination, state, `${standing}${standingRevision === undefined ? '' : `, revision ${standingRevision}`}`]))),
  ...section(past ? 'Receipts until then' : 'Receipts', table(receipts.map(({ receivedAt, feed, bearing, revision, id, inForce }) =>
    [receivedAt, feed, bearing, revision === undefined ? '' : `revision ${revision}`, `${id}${inForce ? '  (in force)' : ''}`]))),
]

const past = ({ past: was }: Explanation): Lines => (was ? [
  ...section(`As of ${was.at}`, [
    ...was.rebuilt.map((line) => `  rebuilt: ${plain(line)}`),
    ...was.unknown.map((line) => `  not known: ${plain(line)}`),
  ]),
  ...section('What the log says', was.decided ? [
    ...table([['decided', `${way(was.decided)}, revision ${was.decided.revision}`], ['on', was.decided.at], ['policy', short(was.decided.policy)]]),
    was.agrees ? '  It agrees with the above.' : '  It does not agree with the above:',
    ...was.notes.map((line) => `  - ${plain(line)}`),
  ] : ['  no decision']),
  ...section('Events until then', table(was.events.map(({ seq, at, kind, actor }) => [String(seq), at, kind, actor]))),
] : [])
