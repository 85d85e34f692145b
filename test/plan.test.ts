// The order of messages: tightening is always believed, loosening only in order.
import { beforeAll, describe, expect, test } from '@jest/globals'
import { plan } from '../src/plan.ts'
import type { Policy } from '../src/policy/policy.ts'
import { firstPrior } from '../src/policy/test/run.ts'
import { UNKNOWN_PERSON, type Person, type Plan, type Prior, type Receipt } from '../src/types.ts'
import { aPdf } from './support/pdf.ts'
import { examplePolicy } from './support/policy.ts'
import { contentRef, uploadReceipt } from './support/receipts.ts'
import { anUpload, type UploadOverrides } from './support/upload.ts'

let policy: Policy
beforeAll(async () => { policy = await examplePolicy() })

const PDF = contentRef(aPdf())
let made = 0
const receipt = (overrides: UploadOverrides = {}): Receipt => uploadReceipt(anUpload(overrides), { id: `receipt-${++made}`, contents: [PDF], declaredType: 'application/pdf' })
const planned = (of: Receipt, prior: Partial<Prior> = {}, person: Person = UNKNOWN_PERSON, under = policy): Plan => {
  const result = plan(of, under, person, { ...firstPrior(of), ...prior })
  if (!result.ok) throw new Error(`${result.refusal.code} ${result.refusal.at}`)
  return result.plan
}
/** What the ledger knows after a receipt was taken. */
const after = (of: Receipt, result: Plan, more: Partial<Prior> = {}): Partial<Prior> => ({
  firstReceivedAt: of.receivedAt,
  ...(result.document.sourceTime ? { lastSourceTime: result.document.sourceTime } : {}),
  current: { receiptId: of.id, feed: of.feed, document: result.document, tightened: result.tightened },
  ...more,
})

const SHARE = 'MH share with patient'
const DO_NOT = 'MH DO NOT share with patient'
const TEN = '2026-11-20T10:00:00Z'
const ELEVEN = '2026-11-20T11:00:00Z'

describe('messages that come late', () => {
  test('an older share does not bring back what was stopped', () => {
    const stop = receipt({ documentType: DO_NOT, uploadedAt: ELEVEN })
    const late = planned(receipt({ documentType: SHARE, uploadedAt: TEN }), after(stop, planned(stop)))
    expect([late.bearing, late.decision.route, late.decision.rule]).toEqual(['late', 'withhold', 'do-not-share'])
  })
  test('an older do-not-share is believed, and the newer text of the document stays', () => {
    const share = receipt({ uploadedAt: ELEVEN, name: 'CLIN Newer name.pdf' })
    const late = planned(receipt({ documentType: DO_NOT, uploadedAt: TEN, name: 'CLIN Older name.pdf' }), after(share, planned(share)))
    expect([late.bearing, late.decision.rule, late.document.title]).toEqual(['tightens', 'do-not-share', 'CLIN Newer name.pdf'])
    expect(late.tightened).toEqual({ instruction: 'withhold' })
  })
  test('what tightened stays when the same receipt is planned again, and goes with a newer one', () => {
    const share = receipt({ uploadedAt: ELEVEN })
    const late = planned(receipt({ documentType: DO_NOT, uploadedAt: TEN }), after(share, planned(share)))
    const known = after(share, late)
    expect(planned(share, known).decision.rule).toBe('do-not-share')
    expect(planned(receipt({ uploadedAt: '2026-11-20T12:00:00Z' }), known).decision.rule).toBe('to-pkb')
  })
  test('a share of the same moment does not undo what tightened', () => {
    const share = receipt({ uploadedAt: ELEVEN })
    const late = planned(receipt({ documentType: DO_NOT, uploadedAt: TEN }), after(share, planned(share)))
    expect(planned(receipt({ uploadedAt: ELEVEN, name: 'CLIN Again.pdf' }), after(share, late)).decision.rule).toBe('do-not-share')
  })
  test('a share of the same moment does not undo a stop, and its text is taken', () => {
    const stop = receipt({ documentType: DO_NOT, uploadedAt: ELEVEN })
    const result = planned(receipt({ uploadedAt: ELEVEN, name: 'CLIN Again.pdf' }), after(stop, planned(stop)))
    expect([result.bearing, result.decision.rule, result.document.title]).toEqual(['in-order', 'do-not-share', 'CLIN Again.pdf'])
  })
  test('a share with a time does not undo a stop without one; a newer share does', () => {
    const stop = receipt({ documentType: DO_NOT, uploadedAt: undefined })
    const share = receipt({ uploadedAt: TEN })
    const result = planned(share, after(stop, planned(stop)))
    expect(result.decision.rule).toBe('do-not-share')
    expect(planned(receipt({ uploadedAt: ELEVEN }), after(share, result)).decision.rule).toBe('to-pkb')
  })
  test('where nobody says a time, the order of arrival has to do', () => {
    const stop = receipt({ documentType: DO_NOT, uploadedAt: undefined })
    expect(planned(receipt({ uploadedAt: undefined }), after(stop, planned(stop))).decision.rule).toBe('to-pkb')
  })
  test('a message without a time can tighten and not loosen, where a time is known', () => {
    const stop = receipt({ documentType: DO_NOT, uploadedAt: TEN })
    expect(planned(receipt({ uploadedAt: undefined }), after(stop, planned(stop))).decision.route).toBe('withhold')
    const share = receipt({ uploadedAt: TEN })
    expect(planned(receipt({ documentType: DO_NOT, uploadedAt: undefined }), after(share, planned(share))).decision.rule).toBe('do-not-share')
  })
  test('an older draft says nothing about a final document', () => {
    const final = receipt({ uploadedAt: ELEVEN })
    expect(planned(receipt({ status: 'draft', uploadedAt: TEN }), after(final, planned(final)))).toMatchObject({ bearing: 'late', decision: { route: 'pkb' } })
  })
  test('an older message about another patient moves nothing', () => {
    const now = receipt({ uploadedAt: ELEVEN })
    const late = planned(receipt({ uploadedAt: TEN, patient: { nhsNumber: '9990000085', clientId: 'C8' } }), after(now, planned(now)))
    expect([late.bearing, late.moves, late.nhsNumber]).toEqual(['late', false, '9990000018'])
  })
  test('an older cancel and an older blocked code are believed', () => {
    const share = receipt({ uploadedAt: ELEVEN })
    expect(planned(receipt({ event: 'cancelled', uploadedAt: TEN }), after(share, planned(share))).decision.rule).toBe('cancelled')
    expect(planned(receipt({ name: 'HMHR Report.pdf', uploadedAt: TEN }), after(share, planned(share))).decision.route).toBe('withhold')
  })
})

describe('messages in order', () => {
  test('a newer share loosens', () => {
    const stop = receipt({ documentType: DO_NOT, uploadedAt: TEN })
    expect(planned(receipt({ uploadedAt: ELEVEN }), after(stop, planned(stop)))).toMatchObject({ bearing: 'in-order', decision: { route: 'pkb' } })
  })
  test('another NHS number or client id moves the document, and a person has to look', () => {
    const first = receipt({ uploadedAt: TEN })
    for (const patient of [{ nhsNumber: '9990000085' }, { clientId: 'C9' }]) {
      const moved = planned(receipt({ uploadedAt: ELEVEN, patient }), after(first, planned(first)))
      expect([moved.moves, moved.decision.route, moved.decision.rule]).toEqual([true, 'review', 'moved-to-another-patient'])
      expect(moved.decision.labels).toContain('NOPAT')
    }
  })
  test('a moved document stays in review until a person releases it', () => {
    const first = receipt()
    expect(planned(first, { moved: true }).decision.rule).toBe('moved-to-another-patient')
    expect(planned(first, { moved: true, released: 1 }).decision.route).toBe('pkb')
  })
  test('a number that was missing until now does not move the document', () => {
    const first = receipt({ uploadedAt: TEN, patient: { nhsNumber: undefined } })
    expect(planned(receipt({ uploadedAt: ELEVEN }), after(first, planned(first)))).toMatchObject({ moves: false, decision: { route: 'pkb' } })
  })
  test('a document that was cancelled or replaced before it came stays in', () => {
    expect(planned(receipt(), { cancelled: true }).decision.rule).toBe('cancelled')
    expect(planned(receipt(), { superseded: true }).decision.rule).toBe('superseded')
  })
  test('an addendum goes where its parent stands, and to a person where it does not', () => {
    const addendum = receipt({ event: 'addendum', parent: 'RIO-1' })
    expect(planned(addendum, { parentStanding: true }).decision.route).toBe('pkb')
    expect(planned(addendum).decision.rule).toBe('parent-not-standing')
  })
})

describe('directorates', () => {
  const under = (changes: Partial<Policy['directorates'][string]>): Policy => ({ ...policy, directorates: { ...policy.directorates, newham: { ...policy.directorates['newham']!, ...changes } } })
  test('a backlog from before the go-live date never leaves, however late it is edited', () => {
    const result = planned(receipt(), { firstReceivedAt: '2026-11-19T23:59:59Z' }, UNKNOWN_PERSON, under({ go_live: '2026-11-20' }))
    expect([result.facts.directorate, result.decision.route, result.decision.wouldRoute]).toEqual(['not-live', 'observe', 'pkb'])
    expect(planned(receipt(), { firstReceivedAt: '2026-11-20T00:00:00Z' }, UNKNOWN_PERSON, under({ go_live: '2026-11-20' })).decision.route).toBe('pkb')
  })
  test('the day begins in London', () => {
    const summer = under({ go_live: '2026-07-01' })
    expect(planned(receipt(), { firstReceivedAt: '2026-06-30T23:30:00Z' }, UNKNOWN_PERSON, summer).facts.directorate).toBe('live')
    expect(planned(receipt(), { firstReceivedAt: '2026-06-30T22:30:00Z' }, UNKNOWN_PERSON, summer).facts.directorate).toBe('not-live')
  })
  test('a feed that observes lets nothing out of a live directorate', () => {
    const observing: Policy = { ...policy, feeds: { ...policy.feeds, 'rio-http': { ...policy.feeds['rio-http']!, status: 'observing' } } }
    expect(planned(receipt(), {}, UNKNOWN_PERSON, observing).decision).toMatchObject({ route: 'observe', wouldRoute: 'pkb', wouldRule: 'to-pkb' })
  })
  test('where teams post for themselves print is left to them, and PKB is not', () => {
    const team = under({ post: 'team' })
    expect(planned(receipt(), {}, { account: 'unregistered', deceased: false }, team).decision).toMatchObject({ route: 'print', leftToTeam: true })
    expect(planned(receipt(), {}, UNKNOWN_PERSON, team).decision).toMatchObject({ route: 'pkb', leftToTeam: false })
  })
  test('an appointment letter marked do-not-share is withheld, and listed as a variance', () => {
    expect(planned(receipt({ documentType: DO_NOT, name: 'APPT Letter.pdf' })).decision).toMatchObject({ route: 'withhold', variance: true })
  })
})

describe('do-not-share at a place that no mapping names', () => {
  test('beside a picklist that says share: nobody knows which was meant', () => {
    const { facts, decision, document } = planned(receipt({ comment: 'MH  do not SHARE with patient' }))
    expect([facts.instruction, decision.route]).toEqual(['unrecognised', 'review'])
    expect(document.picklist.at(-1)?.at).toBe('elsewhere in the message')
  })
  test('where the mapping reads the wrong field, the document is not turned loose', () => {
    const mappings = { ...policy.mappings, 'rio-upload': { ...policy.mappings['rio-upload']!, fields: { ...policy.mappings['rio-upload']!.fields, picklist: ['name'] } } } as Policy['mappings']
    const careless = { ...policy, mappings, instruction: { ...policy.instruction, share: ['clin clinic letter.pdf'] } }
    expect(planned(receipt(), {}, UNKNOWN_PERSON, careless).facts.instruction).toBe('share')
    expect(planned(receipt({ documentType: DO_NOT }), {}, UNKNOWN_PERSON, careless).facts.instruction).toBe('unrecognised')
  })
  test('a text that only holds the words is another text', () => {
    expect(planned(receipt({ comment: 'She asked why it said MH DO NOT share with patient' })).decision.route).toBe('pkb')
  })
})

describe('a blocked code at a place that no mapping names', () => {
  test('blocks the document, whatever the names say', () => {
    const { facts, decision, code } = planned(receipt({ attachmentLabel: 'HMHR Hearing report' }))
    expect([facts.code, decision.route, decision.rule, code]).toEqual(['blocked', 'withhold', 'blocked-code-marked-share', 'HMHR'])
  })
  test.each(['НMHR Hearing report', '(HMHR) Hearing report', 'HMHR papers and/or others', 'ᎻᎷᎻᎡ Hearing report'])('also where it only looks like one: %s', (attachmentLabel) => {
    const { facts, decision, code } = planned(receipt({ attachmentLabel }))
    expect([facts.code, decision.route, code]).toEqual(['blocked', 'withhold', 'HMHR'])
  })
  test('a code that is listed, or in the middle of a text, says nothing there', () => {
    expect(planned(receipt({ attachmentLabel: 'DISC Discharge letter', comment: 'see HMHR' })).decision.route).toBe('pkb')
  })
})
