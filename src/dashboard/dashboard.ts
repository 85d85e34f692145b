// The pages, their API, health and metrics as one router. It refuses to know where it listens: `listen.ts` does.
import express, { type RequestHandler, type Router } from 'express'
import { Failure } from '../errors.ts'
import { nothingHere, tellFailures } from './answers.ts'
import { apiAddresses } from './documents/api.ts'
import { linkToJson } from './as-json.ts'
import { assuranceAddresses } from './assurance/assurance.ts'
import { assets } from './assets.ts'
import { channelAddresses } from './channels/channels.ts'
import { auditAddresses } from './audit/audit.ts'
import { againAddresses } from './failed/again.ts'
import { fhirAddresses } from './audit/fhir.ts'
import { failureAddresses } from './failed/failures.ts'
import { healthAddresses } from './health.ts'
import { holdAddresses } from './documents/holds.ts'
import { writesLooks } from './documents/looks.ts'
import { incidentAddresses } from './alerts/incidents.ts'
import { liveAddresses } from './live/live.ts'
import { observingAddresses } from './assurance/observing.ts'
import { openApiAddresses } from './openapi.ts'
import { outcomeAddresses } from './assurance/outcomes.ts'
import { framed, pageAddresses } from './documents/pages.ts'
import type { Address, DashboardParts } from './parts.ts'
import { onePolicyAddresses } from './channels/one-policy.ts'
import { policyAddresses } from './channels/policy.ts'
import { recallAddresses } from './stops/recalls.ts'
import { reconciliationAddresses } from './assurance/reconciliation.ts'
import { codesAddresses } from './review/codes.ts'
import { reviewAddresses } from './review/review.ts'
import { reviewsAddresses } from './review/reviews.ts'
import { accountAddresses } from './sign-in/account.ts'
import { codeAddresses } from './sign-in/code-form.ts'
import { peopleAddresses } from './sign-in/people.ts'
import { providerAddresses } from './sign-in/by-provider.ts'
import { signInAddresses } from './sign-in/sign-in.ts'
import { runAddresses } from './failed/runs.ts'
import { stopAddresses } from './stops/stops.ts'
import { tryAddresses } from './channels/try.ts'
import { todayAddresses } from './today/today.ts'
import { tokenAddresses } from './sign-in/tokens-page.ts'
import { needs, whoAsks } from './visitor.ts'

/** Every address there is, style sheets and pictures apart. `docs/api.md` names the ones for programs; a test compares. */
export const addresses = (parts: DashboardParts): readonly Address[] => described([
  ...healthAddresses(parts), ...apiAddresses(parts), ...pageAddresses(parts), ...policyAddresses(parts), ...observingAddresses(parts),
  ...failureAddresses(parts), ...runAddresses(parts), ...againAddresses(parts), ...todayAddresses(parts), ...liveAddresses(parts),
  ...stopAddresses(parts), ...incidentAddresses(parts), ...outcomeAddresses(parts), ...channelAddresses(parts), ...tryAddresses(parts), ...onePolicyAddresses(parts),
  ...tokenAddresses(parts), ...auditAddresses(parts), ...recallAddresses(parts), ...holdAddresses(parts), ...reviewsAddresses(parts),
  ...reviewAddresses(parts), ...codesAddresses(parts), ...fhirAddresses(parts), ...reconciliationAddresses(parts), ...assuranceAddresses(parts),
  ...signInAddresses(parts), ...providerAddresses(parts), ...codeAddresses(parts), ...accountAddresses(parts), ...peopleAddresses(parts),
])

/** With the description that is made of all of them. */
const described = (all: readonly Address[]): readonly Address[] => [...all, ...openApiAddresses(all)]

export const dashboard = (parts: DashboardParts): Router => {
  const router = express.Router()
  router.use(assets(), whoAsks(parts.visitors), writesLooks(parts), framed(parts))
  router.use(['/api', '/fhir'], notStored)
  const all = addresses(parts)
  for (const address of all) {
    const guard = address.right === 'open' ? [] : [needs(address.right, (path) => pageOf(address, path, all))]
    router[address.method](address.path, ...guard, ...linkToJson(address, all), ...address.handle)
  }
  for (const path of new Set(all.map((address) => address.path))) router.all(path, otherMethod(all.filter((address) => address.path === path)))
  // What the description at /api/openapi.json says is public. Whether there is anything else at an address, no stranger is told.
  router.use(['/api', '/fhir'], needs('signed-in'), nothingHere)
  router.use(tellFailures(parts.say))
  return router
}

/** Where a form stands: the nearest page above the address that it is sent to, as `/reviews/1` is of `/reviews/1/release`. */
const pageOf = ({ path: pattern }: Address, path: string, all: readonly Address[]): string => {
  const [parts, given] = [pattern.split('/'), path.split('/')]
  const length = parts.findLastIndex((_, at) => at > 0 && all.some((one) => one.method === 'get' && one.path === parts.slice(0, at + 1).join('/')))
  return length < 0 ? '/' : given.slice(0, length + 1).join('/')
}

const notStored: RequestHandler = (_req, res, next) => {
  res.setHeader('Cache-Control', 'no-store')
  next()
}

const otherMethod = (taken: readonly Address[]): RequestHandler => (_req, res) => {
  const methods = taken.map(({ method }) => method.toUpperCase()).join(', ')
  res.setHeader('Allow', methods)
  throw new Failure('METHOD_NOT_ALLOWED', `It takes ${methods}.`)
}
