// What is in trouble, grouped by cause and signature: the page of failed deliveries, one group with its documents, and both
// for programs. It refuses patient data, in addresses above all: a group's key is made of what the group says of itself.
import type { RequestHandler } from 'express'
import { CAUSES, type Cause } from '../../decide/cause.ts'
import { MOST_MEMBERS, RUN_KINDS } from '../../decide/retry-run.ts'
import { Failure } from '../../errors.ts'
import { sendCsv } from '../csv-answer.ts'
import type { FailureGroup, FailureRow, Ledger } from '../../ledger/ledger.ts'
import { rowAnswer } from '../documents/api.ts'
import { pageQuery } from '../shapes-asked.ts'
import { ACCOUNTS_IN_WORDS, AE_IN_WORDS, CAUSES_IN_WORDS, FATES_IN_WORDS } from './cause-words.ts'
import { groupCsv, groupsCsv } from './failures-csv.ts'
import { messageOf } from '../forms.ts'
import { rowView } from '../documents/list-view.ts'
import { isUuid, type Address, type DashboardParts } from '../parts.ts'
import { TROUBLED_ON_PAGE } from './retry.ts'
import { RUN_KINDS_IN_WORDS } from './run-words.ts'
import { destinationOf } from './runs-view.ts'
import { failures as failuresShape, failuresOfGroup } from '../assurance/shapes-reports.ts'
import { deliveryView } from '../documents/story-view.ts'
import { ageOf, londonTime } from '../times.ts'
import { show } from '../views.ts'
import { may } from '../visitor.ts'
import { DELIVERY_STATES_IN_WORDS, countOf } from '../words.ts'

const [USUAL, MOST] = [50, 200]
const KEY = new RegExp(`^(?:${CAUSES.join('|')})-[0-9a-f]{16}$`, 'u')
const isKey = (text: unknown): text is string => typeof text === 'string' && KEY.test(text)

// ---------------------------------------------------------------- in words

const due = (at: string | undefined, now: Date): string => (at === undefined ? '' : at <= now.toISOString() ? 'Now' : londonTime(at))

/** More, fewer or as many as in the hour before. */
const trendOf = ({ thisHour, hourBefore }: FailureGroup): string =>
  `${thisHour} this hour, ${hourBefore} the hour before${thisHour === hourBefore ? '' : thisHour > hourBefore ? ': rising' : ': falling'}`

const agesOf = ({ ages }: FailureGroup): readonly string[] => [
  ...(ages.older > 0 ? [`${ages.older} over a day`] : []), ...(ages.day > 0 ? [`${ages.day} over 4 hours`] : []), ...(ages.fourHours > 0 ? [`${ages.fourHours} over an hour`] : []), ...(ages.hour > 0 ? [`${ages.hour} under an hour`] : []),
]

const fatesOf = ({ person, again, behind }: FailureGroup): readonly string[] => [
  ...(person > 0 ? [`${person} for a person`] : []), ...(again > 0 ? [`${again} tried again`] : []), ...(behind > 0 ? [`${behind} not tried yet`] : []),
]

/** What comes first where a retry alone would change nothing: of what was refused a person says what has changed; what was blocked is never retried. */
const RETRY: Partial<Record<Cause, 'later' | 'never'>> = { refused: 'later', 'second-key': 'never' }

const groupView = (group: FailureGroup, now: Date) => {
  const { text, colour } = CAUSES_IN_WORDS[group.cause]
  const { means, act } = group.signature.endsWith(' Accounts') ? ACCOUNTS_IN_WORDS : /^(?:AE|CE)(?: |$)/u.test(group.signature) ? AE_IN_WORDS : CAUSES_IN_WORDS[group.cause]
  return {
    href: `/failed/${group.key}`, key: group.key, isForRecord: group.destination === 'pkb', cause: { text, colour }, means, act, retry: RETRY[group.cause] ?? 'first', signature: group.signature, destination: destinationOf(group.destination),
    documents: group.documents, patients: group.patients, fates: fatesOf(group).join(', '), trend: trendOf(group),
    oldest: { at: group.oldestSince, age: ageOf(group.oldestSince, now) }, ages: agesOf(group).join(', '), next: group.nextAt === undefined ? 'None' : due(group.nextAt, now),
    rows: [
      { key: 'Destination', value: destinationOf(group.destination) },
      { key: 'Documents', value: `${group.documents} (${fatesOf(group).join(', ')})` },
      { key: 'Patients', value: `${group.patients}${group.unidentified > 0 ? `, and ${countOf(group.unidentified, 'document')} without an NHS number` : ''}` },
      { key: 'Oldest', value: `Owed for ${ageOf(group.oldestSince, now)}, since ${londonTime(group.oldestSince)}` },
      { key: 'By age', value: agesOf(group).join(', ') },
      { key: 'First seen', value: londonTime(group.firstSeen) },
      { key: 'Last seen', value: londonTime(group.lastSeen) },
      { key: 'Failing', value: trendOf(group) },
      { key: 'Next try', value: group.nextAt === undefined ? 'None: all of them wait for a person' : due(group.nextAt, now) },
      { key: 'Decided by policy', value: group.policies.map(({ hash, documents }) => `${hash.slice(0, 12)} (${countOf(documents, 'document')})`).join(', ') },
    ],
  }
}

const failureView = (row: FailureRow, now: Date) => ({
  deliveryId: row.deliveryId,
  href: `/documents/${row.document.id}#deliveries`, sourceId: row.document.sourceId, code: row.document.code ?? 'None', team: row.document.team ?? 'None',
  state: DELIVERY_STATES_IN_WORDS[row.state], fate: FATES_IN_WORDS[row.fate], why: [row.lastCode, row.lastDetail].filter(Boolean).join(': ') || 'Not tried yet',
  since: { at: row.since, age: ageOf(row.since, now) }, last: { at: row.lastSeen, text: londonTime(row.lastSeen) }, tries: row.tries, next: row.fate === 'person' ? 'None' : due(row.dueAt, now),
})

// ---------------------------------------------------------------- what is asked

const limitOf = (given: unknown): number => {
  if (given === undefined) return USUAL
  if (typeof given === 'string' && /^\d{1,3}$/u.test(given) && Number(given) >= 1 && Number(given) <= MOST) return Number(given)
  throw new Failure('QUERY_INVALID', `limit: Use a number from 1 to ${MOST}.`)
}

const cursorOf = (given: unknown): string | undefined => {
  if (given === undefined) return undefined
  const [at = '', id, ...more] = typeof given === 'string' ? given.split('~') : []
  if (isUuid(id) && more.length === 0 && /^\d{4}-\d{2}-\d{2}T[\d:.]{8,12}Z$/u.test(at)) return `${at}~${id}`
  throw new Failure('QUERY_INVALID', 'cursor: Use the cursor that came with the page before.')
}

export const failureAddresses = (parts: Pick<DashboardParts, 'now'> & { readonly ledger: Pick<Ledger, 'failures' | 'failuresIn' | 'troubled'> }): readonly Address[] => {
  const { ledger, now } = parts

  const page: RequestHandler = async (req, res) => {
    const at = now()
    const [{ groups, documents, patients, all }, troubled] = await Promise.all([ledger.failures(at.toISOString()), ledger.troubled(TROUBLED_ON_PAGE)])
    show(res, 'failed.njk', {
      message: messageOf(req),
      groups: groups.map((group) => groupView(group, at)),
      total: `${all ? '' : 'At least '}${countOf(documents, 'document')} of ${countOf(patients, 'patient')}`,
      most: troubled.length === TROUBLED_ON_PAGE ? TROUBLED_ON_PAGE : undefined,
      deliveries: troubled.map((delivery) => ({ ...deliveryView(delivery, at), document: rowView(delivery.document, at) })),
    })
  }

  const inGroup = async (req: Parameters<RequestHandler>[0], at: Date) => {
    const { limit, cursor, ...others } = req.query
    if (Object.keys(others).length > 0) throw new Failure('QUERY_INVALID', 'Use limit and cursor, and nothing else.')
    const key = req.params['group']
    const asked = [limitOf(limit), cursorOf(cursor)] as const
    return isKey(key) ? ledger.failuresIn(at.toISOString(), key, ...asked) : undefined
  }

  const group: RequestHandler = async (req, res) => {
    const at = now()
    const found = await inGroup(req, at)
    if (!found) return show(res.status(404), 'failed-group.njk', {})
    const { href } = groupView(found.group, at)
    show(res, 'failed-group.njk', {
      mayRetry: may(res, 'retry'), kinds: RUN_KINDS.filter((kind) => kind !== 'print' || found.group.destination === 'pkb').map((value) => ({ value, text: RUN_KINDS_IN_WORDS[value].text })),
      group: groupView(found.group, at), rows: found.rows.map((row) => failureView(row, at)),
      first: req.query['cursor'] === undefined ? undefined : href, next: found.cursor === undefined ? undefined : `${href}?${new URLSearchParams({ ...(typeof req.query['limit'] === 'string' ? { limit: req.query['limit'] } : {}), cursor: found.cursor })}`,
    })
  }

  const csv: RequestHandler = async (_req, res) => sendCsv(res, 'failed.csv', groupsCsv((await ledger.failures(now().toISOString())).groups))
  const csvOfGroup: RequestHandler = async (req, res) => {
    const key = req.params['group']
    const found = isKey(key) ? await ledger.failuresIn(now().toISOString(), key, MOST_MEMBERS) : undefined
    if (!found) throw new Failure('NOT_FOUND', 'Nothing is in this group.')
    sendCsv(res, 'failed-group.csv', groupCsv(found.group, found.rows))
  }

  const api: RequestHandler = async (_req, res) => {
    const at = now().toISOString()
    res.json({ at, ...(await ledger.failures(at)) })
  }
  const apiGroup: RequestHandler = async (req, res) => {
    const found = await inGroup(req, now())
    if (!found) throw new Failure('NOT_FOUND', 'Nothing is in this group.')
    res.json({ group: found.group, deliveries: found.rows.map(({ document, deliveryId, ...row }) => ({ id: deliveryId, ...row, document: rowAnswer(document) })), ...(found.cursor === undefined ? {} : { cursor: found.cursor }) })
  }

  return [
    { method: 'get', path: '/failed', right: 'see', same: '/api/failures', handle: [page] },
    { method: 'get', path: '/failed/:group', right: 'see', same: '/api/failures/:group', handle: [group] },
    { method: 'get', path: '/failed.csv', right: 'see', handle: [csv] },
    { method: 'get', path: '/failed/:group/deliveries.csv', right: 'see', handle: [csvOfGroup] },
    { method: 'get', path: '/api/failures', right: 'see', told: { says: 'Every delivery in trouble, by cause and signature.', answer: failuresShape }, handle: [api] },
    { method: 'get', path: '/api/failures/:group', right: 'see', told: { says: 'One group with its deliveries, oldest first.', query: pageQuery, answer: failuresOfGroup, errors: ['NOT_FOUND'] }, handle: [apiGroup] },
    { method: 'get', path: '/api/failures.csv', right: 'see', told: { says: 'The groups as CSV.', type: 'text/csv' }, handle: [csv] },
    { method: 'get', path: '/api/failures/:group/deliveries.csv', right: 'see', told: { says: 'The deliveries of one group as CSV, the oldest 10,000.', type: 'text/csv', errors: ['NOT_FOUND'] }, handle: [csvOfGroup] },
  ]
}
