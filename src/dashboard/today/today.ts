// The first page: what needs a person, and how things flow today; the same as JSON; and what is behind its numbers. It
// refuses to count a second time what it is just counting: visitors who ask at once share one answer.
import type { RequestHandler } from 'express'
import type { ReviewLimits } from '../../decide/review-limits.ts'
import { Failure } from '../../errors.ts'
import { FLOW_WHATS, type BehindAsked } from '../../ledger/flow-words.ts'
import type { Ledger, ReviewGroup } from '../../ledger/ledger.ts'
import { rowView } from '../documents/list-view.ts'
import type { Address, DashboardParts } from '../parts.ts'
import { londonTime } from '../times.ts'
import { askedAt, todayOf, type Today } from './today-numbers.ts'
import { behindTold, refusedTold, todayTold } from './today-told.ts'
import { destinationInWords, needsPerson, todayView, type Needs } from './today-view.ts'
import { refusedView } from '../refused-view.ts'
import { show } from '../views.ts'

type Parts = Pick<DashboardParts, 'ledger' | 'policy' | 'now'>

const MOST = 200
const WHATS = [...FLOW_WHATS.filter((what) => what !== 'in'), 'waiting'] as const

const BEHIND_IN_WORDS = {
  out: 'Handed over today', read: 'Read today', printed: 'Printed today', recalled: 'Taken back today', failed: 'Failed today', waiting: 'Waiting now, oldest first',
} as const satisfies Record<(typeof WHATS)[number], string>

const needsOf = async (ledger: Parts['ledger'], limits: ReviewLimits, now: string): Promise<Needs> => {
  const [stops, halted, recalls, { open }, { groups }] = await Promise.all([ledger.stops(), ledger.haltedChannels(), ledger.recallCounts(), ledger.incidents(0), ledger.reviews({ limit: 1 }, now, limits)])
  return { stops: stops.length, halted, recalls, alerts: open.length, reviews: queueOf(groups) }
}

/** As the queue counts, which has more than one state: what the last check refused waits for a person too. */
const queueOf = (groups: readonly ReviewGroup[]): Needs['reviews'] => {
  const since = groups.map(({ oldestSince }) => oldestSince).toSorted()[0]
  return { count: groups.reduce((sum, { documents }) => sum + documents, 0), late: groups.reduce((sum, { late }) => sum + late, 0), ...(since === undefined ? {} : { since }) }
}

const behindAsked = (query: { readonly [name: string]: unknown }, now: Date): BehindAsked => {
  const { destination, what, ...others } = query
  const known = WHATS.find((one) => one === what)
  if (!known || typeof destination !== 'string' || !/^[a-z0-9-]{1,100}$/u.test(destination) || Object.keys(others).length > 0)
    throw new Failure('QUERY_INVALID', `destination: Use the name of a destination, such as pkb. what: Use one of ${WHATS.join(', ')}. There is nothing else to ask.`)
  const { since, until } = askedAt(now)
  return { destination, what: known, since, until }
}

const nothingElse = (query: object): void => {
  if (Object.keys(query).length > 0) throw new Failure('QUERY_INVALID', 'There is nothing to ask here: leave the parameters out.')
}

export const todayAddresses = (parts: Parts): readonly Address[] => {
  const { ledger, policy, now } = parts
  const ask = shared(async (): Promise<readonly [Today, Needs]> => {
    const asked = askedAt(now())
    const { feeds, destinations: { pkb, print }, reviewLimits } = policy()
    const [flow, needs] = await Promise.all([ledger.flow(asked), needsOf(ledger, reviewLimits, asked.now)])
    return [todayOf(flow, asked, { feeds: Object.keys(feeds), destinations: [...(pkb ? ['pkb'] : []), ...(print ? ['print'] : [])], halted: Object.fromEntries(needs.halted.map(({ channel, state }) => [channel, state])) }), needs]
  })
  const refusals = (): ReturnType<Ledger['refusals']> => {
    const { since, until } = askedAt(now())
    return ledger.refusals(since, until, MOST)
  }

  const page: RequestHandler = async (_req, res) => {
    const [today, needs] = await ask()
    show(res, 'today.njk', todayView(today, needs, now()))
  }
  const api: RequestHandler = async (req, res) => {
    nothingElse(req.query)
    const [today, needs] = await ask()
    res.json({ ...today, needs: needsPerson(today, needs).map(({ what, count, late, since }) => ({ what, count, ...(late === undefined ? {} : { late }), ...(since === undefined ? {} : { since }) })) })
  }
  const behind: RequestHandler = async (req, res) => {
    const asked = behindAsked(req.query, now())
    const rows = await ledger.behindFlow(asked, MOST)
    show(res, 'behind-today.njk', {
      what: BEHIND_IN_WORDS[asked.what as keyof typeof BEHIND_IN_WORDS], destination: destinationInWords(asked.destination), most: rows.length === MOST ? MOST : undefined,
      head: asked.what === 'waiting' ? 'Waits since' : 'When', rows: rows.map((row) => ({ ...rowView(row, now()), at: { at: row.at, text: londonTime(row.at) } })),
    })
  }
  const behindApi: RequestHandler = async (req, res) => void res.json({ documents: await ledger.behindFlow(behindAsked(req.query, now()), MOST) })
  const refused: RequestHandler = async (_req, res) => {
    const rows = await refusals()
    show(res, 'refused.njk', { heading: 'Messages refused today', back: { href: '/', text: 'Back to today' }, most: rows.length === MOST ? MOST : undefined, rows: refusedView(rows) })
  }
  const refusedApi: RequestHandler = async (req, res) => {
    nothingElse(req.query)
    res.json({ refused: await refusals() })
  }
  return [
    { method: 'get', path: '/', right: 'see', same: '/api/today', handle: [page] },
    { method: 'get', path: '/today/behind', right: 'see', same: '/api/today/behind', handle: [behind] },
    { method: 'get', path: '/today/refused', right: 'see', same: '/api/today/refused', handle: [refused] },
    { method: 'get', path: '/api/today', right: 'see', told: todayTold, handle: [api] },
    { method: 'get', path: '/api/today/behind', right: 'see', told: behindTold, handle: [behindApi] },
    { method: 'get', path: '/api/today/refused', right: 'see', told: refusedTold, handle: [refusedApi] },
  ]
}

/** Who asks while it is being worked out gets the same answer. */
const shared = <T>(work: () => Promise<T>): (() => Promise<T>) => {
  let working: Promise<T> | undefined
  return () => (working ??= work().finally(() => { working = undefined }))
}
