// Which combinations of facts there cannot be, against what `plan` makes of documents that come in order, late, or twice.
import { beforeAll, expect, test } from '@jest/globals'
import { IMPOSSIBLE, occurs } from '../../src/decide/possible.ts'
import { plan } from '../../src/plan.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { FACTS, UNKNOWN_PERSON, type Facts, type Prior, type RioDocument } from '../../src/types.ts'
import { aReceipt, type Metadata } from '../support/documents.ts'
import { examplePolicy, someFacts } from '../support/policy.ts'

let policy: Policy
/** With a code of each kind and each sharing. */
beforeAll(async () => {
  const example = await examplePolicy()
  const kinds = FACTS.kind.filter((kind) => kind !== 'unknown')
  const sharings = ['listed', 'blocked-pkb', 'blocked'] as const
  const codes = kinds.flatMap((kind, k) => sharings.map((sharing, s) => [`${'ABCDE'[k]}${'LPB'[s]}XX`, { ...example.codes['CLIN']!, kind, sharing }] as const))
  policy = { ...example, codes: Object.fromEntries(codes) }
})

const NAMES = (): readonly string[] => [...Object.keys(policy.codes), 'ZZZZ', 'no code'].map((code) => `${code} Letter.pdf`)
const ORGANISATIONS = ['RWK', 'RVX', '']
const TEAMS = ['ADULT1', 'ADULT2', 'ADULT3', 'CAMHS1', 'NOBODYS']
const FIRST: Prior = { firstReceivedAt: '2026-11-23T10:00:00.000Z', cancelled: false, superseded: false, moved: false, held: false, released: 0, parentStanding: false }

const planned = (metadata: Metadata, prior: Prior, id: string) => {
  const made = plan({ ...aReceipt(metadata), id }, policy, UNKNOWN_PERSON, prior)
  if (!made.ok) throw new Error(made.refusal.code)
  return made.plan
}

/** The facts of documents of each code, organisation and team; then with a late message, or one of the same moment, that says otherwise. */
const seen = (): readonly Facts[] => {
  const metadata = NAMES().flatMap((name) => ORGANISATIONS.map((organisation): Metadata => ({ name, author: { name: 'Dr Example', organisation } })))
  const late = metadata.filter(({ name }) => /^(?:A.XX|ZZZZ|no code)/u.test(String(name)))
  return metadata.flatMap((first) => {
    const { document, facts } = planned({ ...first, uploadedAt: '2026-11-20T12:00:00Z' }, FIRST, 'first')
    const prior: Prior = { ...FIRST, lastSourceTime: '2026-11-20T12:00:00.000Z', current: { receiptId: 'first', feed: 'rio-http', document: document as RioDocument, tightened: {} } }
    const later = late.flatMap((second) => ['2026-11-20T11:00:00Z', '2026-11-20T12:00:00Z'].map((uploadedAt) => planned({ ...second, uploadedAt }, prior, 'second').facts))
    return [facts, ...later]
  })
}

test('codes, kinds and producers come together just as is said, late messages among them', () => {
  const key = ({ code, kind, producer }: Facts): string => `${code} ${kind} ${producer}`
  const can = FACTS.code.flatMap((code) => FACTS.kind.flatMap((kind) => FACTS.producer.map((producer) => someFacts({ code, kind, producer })))).filter(occurs).map(key)
  expect([...new Set(seen().map(key))].sort()).toEqual(can.sort())
  // A late message without a code leaves the kind that the listed code gave.
  expect(can).toContain('missing clinical trust')
  expect(can).not.toContain('listed unknown trust')
})

test('services and directorates come together just as is said', () => {
  const bent = (status: 'live' | 'observing' | 'not-live'): Policy => ({ ...policy, feeds: { ...policy.feeds, 'rio-http': { ...policy.feeds['rio-http']!, status } } })
  const before = policy
  const all = (['live', 'observing', 'not-live'] as const).flatMap((status) => {
    policy = bent(status)
    return TEAMS.map((team) => planned({ team }, FIRST, 'first').facts)
  })
  policy = before
  const key = ({ service, directorate }: Facts): string => `${service} ${directorate}`
  const can = FACTS.service.flatMap((service) => FACTS.directorate.map((directorate) => someFacts({ service, directorate }))).filter(occurs).map(key)
  expect([...new Set(all.map(key))].sort()).toEqual(can.sort())
})

test('each line forbids something, and names two facts', () => {
  for (const when of IMPOSSIBLE) expect([Object.keys(when).length, Object.values(when).every((values) => values.length > 0)]).toEqual([2, true])
})
