// One policy that was ever in force: when, who approved it, and what it changed against the one before it, what was
// loosened first. For people and programs. It refuses to judge the change, and to show a letter: there is none in it.
import type { Request, RequestHandler } from 'express'
import { Failure } from '../../errors.ts'
import { onePolicy as onePolicyShape, policyAgainst } from '../assurance/shapes-reports.ts'
import type { Address, DashboardParts } from '../parts.ts'
import { londonTime } from '../times.ts'
import { show } from '../views.ts'
import { approvalView, problemView } from './policy-view.ts'
import type { PolicyChanges, PolicyTold } from './policy-parts.ts'

export const shortHash = (hash: string): string => hash.slice(0, 12)

/** What has to be seen of a change before anything else. */
export const looserView = ({ loosens, unsaid, tests }: PolicyChanges) => ({ loosens, unsaid, tests: unsaid.length > 0 ? tests : [], any: loosens.length > 0 || unsaid.length > 0 })

const againstView = ({ hash, readable, problems, changes }: PolicyTold['against'] & object) => ({
  hash: shortHash(hash), href: `/policy/${hash}`, readable, problems: problems.map(problemView),
  ...(changes ? { looser: looserView(changes), sections: changes.sections } : {}),
})

const onePolicyView = ({ hash, readable, problems, times, approvals, against }: PolicyTold, inForce: string, asked: boolean) => ({
  hash, short: shortHash(hash), inForce: hash === inForce, readable, asked, problems: problems.map(problemView), approvals: approvals.map(approvalView),
  times: times.map(({ from, until, after }) => ({ from: londonTime(from), until: until === undefined ? 'Now' : londonTime(until), ...(after === undefined ? {} : { after: shortHash(after), href: `/policy/${hash}?against=${after}` }) })),
  ...(against ? { against: againstView(against) } : {}),
})

export const onePolicyAddresses = ({ policies, policyStatus }: Pick<DashboardParts, 'policies' | 'policyStatus'>): readonly Address[] => {
  const told = ({ params, query }: Request): Promise<PolicyTold> => {
    const { against } = query
    if (against !== undefined && typeof against !== 'string') throw new Failure('QUERY_INVALID', 'against: Use the hash of one policy.')
    if (!policies) throw new Failure('POLICY_NOT_FOUND', 'This engine cannot read the policies that were in force.')
    return policies.tell(String(params['hash']), against === '' ? undefined : against)
  }
  const page: RequestHandler = async (req, res) => show(res, 'one-policy.njk', { policy: onePolicyView(await told(req), policyStatus().hash, Boolean(req.query['against'])) })
  const api: RequestHandler = async (req, res) => { res.json(await told(req)) }
  return [
    { method: 'get', path: '/policy/:hash', right: 'see', same: '/api/policy/:hash', handle: [page] },
    {
      method: 'get', path: '/api/policy/:hash', right: 'see',
      told: { says: 'A policy that is or was in force: when, who approved it, and what it changed against another.', query: policyAgainst, answer: onePolicyShape, errors: ['POLICY_NOT_FOUND', 'QUERY_INVALID'] }, handle: [api],
    },
  ]
}
