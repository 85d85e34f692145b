// The samples planned one after the other in the order of samples/README.md, with what the seeded sandbox would say of
// each person and what the ledger would know of each document: enough of it for decisions, kept in memory.
import { readFileSync } from 'node:fs'
import { nhsNumberOf } from '../../src/decide/identity.ts'
import { parse } from '../../src/parse/parse.ts'
import { plan, type Planned } from '../../src/plan.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { seededPeople } from '../../src/sandbox/people.ts'
import type { Person, Plan, Prior, Receipt } from '../../src/types.ts'
import { sampleReceipt } from './receipts.ts'

export type SampleRow = { readonly file: string; readonly shows: string; readonly route: string; readonly rule: string }

export const sampleTable = (): readonly SampleRow[] =>
  readFileSync(new URL('../../samples/README.md', import.meta.url), 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, file, shows, route, rule] = /^\| `([^`]+)` \| (.+) \| (\S+) \| (\S+) \|$/u.exec(line) ?? []
      return file && shows && route && rule ? [{ file, shows, route, rule }] : []
    })

export const planSamples = (policy: Policy, files: readonly string[]): ReadonlyMap<string, Planned> => {
  const known = new Map<string, Prior>()
  return new Map(files.map((file) => {
    const receipt = sampleReceipt(file)
    const parsed = parse(receipt, policy.mappings[policy.feeds[receipt.feed]!.mapping]!)
    if (!parsed.ok) return [file, parsed]
    const { documentId, event, parentId } = parsed.document
    const prior = { ...(known.get(documentId) ?? unseen(receipt)), parentStanding: parentId !== undefined && leaves(known.get(parentId)) }
    const planned = plan(receipt, policy, person(nhsNumberOf(parsed.document.patient)), prior)
    if (planned.ok) known.set(documentId, after(prior, receipt, planned.plan))
    if (event === 'replaced' && parentId) known.set(parentId, { ...(known.get(parentId) ?? unseen(receipt)), superseded: true })
    return [file, planned]
  }))
}

type Known = Prior & { readonly leaves?: boolean }
const leaves = (known: Known | undefined): boolean => known?.leaves === true

export const unseen = (receipt: Receipt): Prior => ({
  firstReceivedAt: receipt.receivedAt, cancelled: false, superseded: false, moved: false, held: false, released: 0, parentStanding: false,
})

const after = (prior: Prior, receipt: Receipt, { bearing, document, tightened, moves, decision }: Plan): Known => ({
  ...prior,
  ...(bearing === 'in-order' && document.sourceTime ? { lastSourceTime: document.sourceTime } : {}),
  current: bearing === 'in-order' || !prior.current ? { receiptId: receipt.id, feed: receipt.feed, document, tightened } : { ...prior.current, tightened },
  cancelled: prior.cancelled || document.event === 'cancelled',
  moved: prior.moved || moves,
  leaves: decision.route === 'pkb' || decision.route === 'print',
})

const person = (nhsNumber: string | undefined): Person => {
  const one = seededPeople().get(nhsNumber ?? '')
  return one ? { account: one.registered ? 'registered' : 'unregistered', deceased: one.deceased, birthDate: one.birthDate } : { account: 'unregistered', deceased: false }
}
