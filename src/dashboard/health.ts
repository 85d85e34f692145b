// Whether the engine lives and can work, and its metrics. They refuse patient data by having none to hand, and
// answer without a token on this machine only.
import type { RequestHandler } from 'express'
import { watchLedger, watchRecalls } from '../observe/metrics.ts'
import { localOrToken } from './guard.ts'
import type { Address, DashboardParts } from './parts.ts'

const live: RequestHandler = (_req, res) => void res.setHeader('Cache-Control', 'no-store').json({ status: 'live' })

export const healthAddresses = (parts: Pick<DashboardParts, 'ready' | 'metrics' | 'ledger' | 'now'>): readonly Address[] => {
  watchLedger(parts.metrics, parts.ledger)
  watchRecalls(parts.metrics, parts.ledger, parts.now)
  const ready: RequestHandler = async (_req, res) => {
    const states = await parts.ready()
    const ok = states.every((state) => state.ok)
    res.status(ok ? 200 : 503).setHeader('Cache-Control', 'no-store').json({ status: ok ? 'ready' : 'not ready', parts: states })
  }
  const metrics: RequestHandler = async (_req, res) => {
    const text = await parts.metrics.metrics()
    res.setHeader('Cache-Control', 'no-store').type(parts.metrics.contentType).send(text)
  }
  return [
    { method: 'get', path: '/health/live', right: 'open', handle: [localOrToken, live] },
    { method: 'get', path: '/health/ready', right: 'open', handle: [localOrToken, ready] },
    { method: 'get', path: '/metrics', right: 'open', handle: [localOrToken, metrics] },
  ]
}
