// The policy in force and who stands behind it, for people and programs; the problems of one that was refused; and what
// stands on every page while something about it is wrong. It refuses to change the policy: that is done in its files.
import type { RequestHandler } from 'express'
import { Failure } from '../../errors.ts'
import type { Address, DashboardParts, PolicyStatus } from '../parts.ts'
import { policyStatus as policyShape } from '../assurance/shapes-reports.ts'
import { londonTime } from '../times.ts'
import { looserView, shortHash } from './one-policy.ts'
import type { PolicyTold } from './policy-parts.ts'
import { approvalView, problemView } from './policy-view.ts'
import { show, type Alert } from '../views.ts'

/** Of the policies that were in force before. */
const MOST = 50

const many = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`

/** What has to be seen wherever somebody looks. */
export const policyAlerts = ({ refused, keptIn, reviews }: Pick<PolicyStatus, 'refused' | 'keptIn' | 'reviews'>): readonly Alert[] => {
  const overdue = reviews.filter((review) => review.overdue)
  return [
    ...(refused
      ? [{ text: `A changed policy was refused on ${londonTime(refused.at)} because of ${many(refused.problems.length, 'problem')}. The policy before it stays in force.`, link: { href: '/policy#refused', text: 'See what is wrong' } }]
      : []),
    ...(keptIn.length > 0
      ? [{ text: `The policy in force keeps in what its own tests expect to go out (${many(keptIn.length, 'expectation')}).`, link: { href: '/policy#kept-in', text: 'See which' } }]
      : []),
    ...(overdue.length > 0
      ? [{ text: `The review of ${many(overdue.length, 'sign-off')} is overdue: ${overdue.map(({ name }) => name).join(', ')}.`, link: { href: '/policy#sign-off', text: 'See the sign-offs' } }]
      : []),
  ]
}

const STATUS_IN_WORDS = { live: 'Live', observing: 'Observing', 'not-live': 'Not live' } as const
const day = (text: string | undefined): string => (text === undefined ? 'None' : londonTime(text))

export const reviewView = ({ name, status, signedOffBy, signedOffOn, goLive, reviewBy, overdue, dueSoon }: PolicyStatus['reviews'][number]) => ({
  name, status: STATUS_IN_WORDS[status], signedOffBy: signedOffBy ?? 'Nobody', signedOffOn: day(signedOffOn), goLive: day(goLive), reviewBy: day(reviewBy),
  ...(overdue ? { mark: { text: 'Overdue', colour: 'red' } } : dueSoon ? { mark: { text: 'Due soon', colour: 'yellow' } } : {}),
})

const policyView = (status: PolicyStatus, history: readonly { readonly hash: string; readonly since: string }[], changed: PolicyTold['against']) => ({
  hash: status.hash,
  href: `/policy/${status.hash}`,
  ...(changed ? { changed: { before: shortHash(changed.hash), ...(changed.changes ? { looser: looserView(changed.changes) } : {}) } } : {}),
  rows: [
    { key: 'Hash', value: status.hash },
    { key: 'In force since', value: londonTime(status.since) },
    { key: 'Rules', value: String(status.rules) },
    { key: 'Floor proved over', value: `${status.combinations.toLocaleString('en-GB')} combinations of facts` },
  ],
  ...(status.refused ? { refused: { at: londonTime(status.refused.at), problems: status.refused.problems.map(problemView) } } : {}),
  keptIn: status.keptIn.map(problemView),
  approvals: status.approvals().map(approvalView),
  reviews: status.reviews.map(reviewView),
  history: history.map(({ hash, since }, n) => ({ hash: shortHash(hash), href: `/policy/${hash}`, from: londonTime(since), to: n === 0 ? 'Now' : londonTime(history[n - 1]!.since) })),
  cut: history.length === MOST,
})

export const policyAddresses = ({ ledger, policyStatus, policies }: Pick<DashboardParts, 'ledger' | 'policyStatus' | 'policies'>): readonly Address[] => {
  const told = async () => {
    const status = policyStatus()
    const [history, changed] = await Promise.all([ledger.policyHistory(MOST), policies?.tell(status.hash).then(({ against }) => against, unknownHere)])
    return { status, history, changed }
  }
  const page: RequestHandler = async (_req, res) => {
    const { status, history, changed } = await told()
    show(res, 'policy.njk', { policy: policyView(status, history, changed) })
  }
  const api: RequestHandler = async (_req, res) => {
    const { status: { approvals, ...status }, history, changed } = await told()
    const { hash: against, changes } = changed ?? {}
    res.json({ ...status, ...(against !== undefined && changes ? { changed: { against, loosens: changes.loosens.length > 0, unsaid: changes.unsaid } } : {}), approvals: approvals(), history })
  }
  return [
    { method: 'get', path: '/policy', right: 'see', same: '/api/policy', handle: [page] },
    { method: 'get', path: '/api/policy', right: 'see', told: { says: 'The policy in force, who stands behind it, what it loosened, those before it, and the problems of one that was refused.', answer: policyShape }, handle: [api] },
  ]
}

/** What is in force is shown in any case. */
const unknownHere = (error: unknown): undefined => {
  if (!(error instanceof Failure) || error.code !== 'POLICY_NOT_FOUND') throw error
}
