// The pages, their API, health and metrics as one router. It refuses to know where it listens: `listen.ts` does.
import express, { type RequestHandler, type Router } from 'express'
import { Failure } from '../errors.ts'
import { nothingHere, tellFailures } from './answers.ts'
import { apiAddresses } from './api.ts'
import { assuranceAddresses } from './assurance.ts'
import { assets } from './assets.ts'
import { fhirAddresses } from './fhir.ts'
import { failureAddresses } from './failures.ts'
import { healthAddresses } from './health.ts'
import { holdAddresses } from './holds.ts'
import { observingAddresses } from './observing.ts'
import { framed, pageAddresses } from './pages.ts'
import type { Address, DashboardParts } from './parts.ts'
import { policyAddresses } from './policy.ts'
import { recallAddresses } from './recalls.ts'
import { reconciliationAddresses } from './reconciliation.ts'
import { stopAddresses } from './stops.ts'
import { needs, whoAsks } from './visitor.ts'

/** Every address there is, style sheets and pictures apart. `docs/api.md` names the ones for programs; a test compares. */
export const addresses = (parts: DashboardParts): readonly Address[] => [
  ...healthAddresses(parts), ...apiAddresses(parts), ...pageAddresses(parts), ...policyAddresses(parts), ...observingAddresses(parts),
  ...failureAddresses(parts), ...stopAddresses(parts), ...recallAddresses(parts), ...holdAddresses(parts), ...fhirAddresses(parts), ...reconciliationAddresses(parts), ...assuranceAddresses(parts),
]

export const dashboard = (parts: DashboardParts): Router => {
  const router = express.Router()
  router.use(assets(), whoAsks(parts.visitors), framed(parts))
  router.use(['/api', '/fhir'], notStored)
  const all = addresses(parts)
  for (const { method, path, right, handle } of all) router[method](path, ...(right === 'open' ? [] : [needs(right)]), ...handle)
  for (const path of new Set(all.map((address) => address.path))) router.all(path, otherMethod(all.filter((address) => address.path === path)))
  // Nobody learns from the outside which addresses there are.
  router.use(['/api', '/fhir'], needs('signed-in'), nothingHere)
  router.use(tellFailures(parts.say))
  return router
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
