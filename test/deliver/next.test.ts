import { beforeAll, describe, expect, test } from '@jest/globals'
import { BEHIND_SECS, LEAVE_SECS, stopped, think } from '../../src/deliver/next.ts'
import { underWay } from '../../src/deliver/under-way.ts'
import { planAgain } from '../../src/deliver/worker.ts'
import type { Stop, Work } from '../../src/ledger/ledger.ts'
import type { Policy } from '../../src/policy/policy.ts'
import type { Delivery, Transport } from '../../src/types.ts'
import { examplePolicy } from '../support/policy.ts'
import { uuid } from '../support/story.ts'
import { ADA, ago, ahead, anOwed, aWork, NOW, planOf, without } from '../support/work.ts'

let policy: Policy
beforeAll(async () => { policy = await examplePolicy() })

const step = (work: Work) => think(work, policy, planAgain, NOW).step
const PRESENT = { standing: 'present', standingRevision: 1, state: 'acknowledged', remoteId: 'r1' } as const
const present = without(anOwed(PRESENT), 'dueAt')
const withheld = { sample: '03-do-not-share.json' } as const

describe('the next step', () => {
  test('creates what should stand and does not', () => {
    expect(step(aWork())).toMatchObject({ do: 'exchange', action: 'create', revision: 1, nhsNumber: ADA, sha256: expect.stringMatching(/^[0-9a-f]{64}$/u) })
    expect(step(aWork({ deliveries: [anOwed({ standing: 'recalled' })] }))).toMatchObject({ do: 'exchange', action: 'create' })
  })

  test('does nothing where this revision stands, and replaces an older one', () => {
    expect(step(aWork({ deliveries: [present] }))).toEqual({ do: 'nothing' })
    expect(step(aWork({ revision: 2, deliveries: [{ ...present, state: 'owed', dueAt: ago(1) }] }))).toMatchObject({ do: 'exchange', action: 'update', revision: 2 })
  })

  test('looks before it sends again what may stand', () => {
    expect(step(aWork({ deliveries: [anOwed({ standing: 'unsure', state: 'sending' })] }))).toMatchObject({ do: 'exchange', action: 'look' })
  })

  test('recalls what must not stand: without a look, and under any stop', () => {
    for (const standing of ['present', 'unsure'] as const) {
      const work = aWork({ ...withheld, deliveries: [anOwed({ ...PRESENT, standing, state: 'recalling' })], stops: [{ scope: 'all', value: '' }] })
      expect(step(work)).toMatchObject({ do: 'exchange', action: 'recall', revision: 1, nhsNumber: ADA })
    }
  })

  test('takes back what went to another patient before anything is sent to this one', () => {
    const foreign = anOwed({ ...PRESENT, id: uuid(102), identifier: uuid(202), nhsNumber: '9990000026', state: 'recalling' })
    expect(step(aWork({ deliveries: [foreign, anOwed()] }))).toMatchObject({ do: 'exchange', action: 'recall', deliveryId: foreign.id, nhsNumber: '9990000026' })
    const putOff = { ...foreign, dueAt: ahead(60) }
    expect(step(aWork({ deliveries: [putOff, anOwed()] }))).toEqual({ do: 'nothing', putOff: { deliveryId: anOwed().id, until: ahead(60) } })
    const stuck = without({ ...foreign, state: 'failed' as const }, 'dueAt')
    expect(step(aWork({ deliveries: [stuck, anOwed()] }))).toEqual({ do: 'nothing', putOff: { deliveryId: anOwed().id, until: ahead(LEAVE_SECS) } })
  })

  test('a wake-up before its time does nothing', () => {
    expect(step(aWork({ deliveries: [anOwed({ dueAt: ahead(5) })] }))).toEqual({ do: 'nothing' })
  })

  test('what failed or was blocked waits for a person', () => {
    for (const state of ['failed', 'blocked'] as const) {
      expect(step(aWork({ deliveries: [without(anOwed({ state }), 'dueAt')] }))).toEqual({ do: 'nothing' })
      expect(step(aWork({ deliveries: [anOwed({ state })] }))).toMatchObject({ do: 'exchange', action: 'create' })
    }
  })

  test('asks for the account before anything is sent to the record', () => {
    expect(step(aWork({ person: { account: 'unknown' } }))).toEqual({ do: 'ask-account', nhsNumber: ADA })
  })

  test('does nothing here where the post is meant', () => {
    expect(step(aWork({ person: { account: 'unregistered' } }))).toEqual({ do: 'nothing' })
  })

  test('leaves what stands where nothing new may be sent, and settles what is unsure', () => {
    expect(step(aWork({ person: { deceased: true }, deliveries: [present] }))).toEqual({ do: 'nothing' })
    expect(step(aWork({ person: { deceased: true }, deliveries: [anOwed({ standing: 'unsure', state: 'sending' })] }))).toMatchObject({ do: 'exchange', action: 'look' })
  })

  test('the second key stands before it: a delivery for somebody else is blocked', () => {
    expect(step(aWork({ deliveries: [anOwed({ nhsNumber: '9990000026' })] }))).toMatchObject({ do: 'block', code: 'SECOND_KEY' })
  })

  test('a worker that has not taken the policy in force sends nothing and judges nothing; what goes back goes back', () => {
    const later = 'f'.repeat(64)
    expect(think(aWork({ policyInForce: later }), policy, planAgain, NOW)).toEqual({ step: { do: 'nothing', unjudged: true, putOff: { deliveryId: anOwed().id, until: ahead(BEHIND_SECS) } } })
    expect(think(aWork({ policyInForce: later, deliveries: [] }), policy, planAgain, NOW)).toEqual({ step: { do: 'nothing', unjudged: true } })
    expect(think(aWork({ policyInForce: later, deliveries: [anOwed({ ...PRESENT, state: 'recalling' })] }), policy, planAgain, NOW).step).toMatchObject({ do: 'exchange', action: 'recall' })
    expect(step(aWork({ policyInForce: policy.hash }))).toMatchObject({ do: 'exchange', action: 'create' })
  })

  test('a receipt that the policy in force cannot read is blocked, and still taken back from another patient', () => {
    const unreadable = { ...policy, feeds: {} }
    expect(think(aWork(), unreadable, planAgain, NOW)).toMatchObject({ step: { do: 'block', code: 'SECOND_KEY' } })
    expect(think(aWork(), unreadable, planAgain, NOW).plan).toBeUndefined()
    const foreign = anOwed({ ...PRESENT, id: uuid(102), identifier: uuid(202), nhsNumber: '9990000026' })
    expect(think(aWork({ deliveries: [foreign, anOwed()] }), unreadable, planAgain, NOW).step).toMatchObject({ action: 'recall', deliveryId: foreign.id })
    expect(think(aWork({ deliveries: [present] }), unreadable, planAgain, NOW).step).toEqual({ do: 'nothing' })
    const recalling = anOwed({ ...PRESENT, state: 'recalling' })
    expect(think(aWork({ deliveries: [recalling] }), unreadable, planAgain, NOW).step).toMatchObject({ do: 'exchange', action: 'recall', deliveryId: recalling.id })
  })

  test('a print item is handed over once for as long as its content is the same', () => {
    const ben = '9990000026'
    const work = (overrides: Parameters<typeof anOwed>[0], revision: number) =>
      aWork({ sample: '02-share-unregistered.json', nhsNumber: ben, person: { account: 'unregistered' }, revision, deliveries: [anOwed({ destination: 'print', nhsNumber: ben, ...overrides })] })
    const sha256 = planOf(work({}, 1), policy).document.contents[0]!.ref.sha256
    expect(step(work({}, 1))).toMatchObject({ do: 'exchange', action: 'create' })
    expect(step(work({ ...PRESENT, state: 'printed', standingSha256: sha256 }, 2))).toEqual({ do: 'nothing' })
    expect(step(work({ ...PRESENT, state: 'printing', standingSha256: sha256 }, 2))).toMatchObject({ do: 'exchange', action: 'update' })
    expect(step(work({ ...PRESENT, standingSha256: 'other' }, 2))).toMatchObject({ do: 'exchange', action: 'update' })
  })
})

describe('by which transport', () => {
  const by = (transport: Transport): Policy => ({ ...policy, destinations: { ...policy.destinations, pkb: { ...policy.destinations.pkb!, transport } } })
  const next = (work: Work, transport: Transport) => think(work, by(transport), planAgain, NOW).step
  const settle = () => policy.destinations.pkb!.settle_secs
  const HL7 = ['hl7-soap'] as const
  const BOTH = ['fhir', 'hl7-soap'] as const
  const unsure = { state: 'sending', standing: 'unsure', standingRevision: 1, via: HL7 } as const

  /** After a look that saw nothing. */
  const UNSEEN = { standing: 'unsure', via: ['fhir'] } as const

  /** How long ago; `settled`: just so long ago that nothing can be under way any more. */
  type Ago = number | 'settled'
  type Sent = { readonly sendUnsureAt?: Ago; readonly recallUnsureAt?: Ago }
  const at = (secs: Ago | undefined) => (secs === undefined ? undefined : ago(secs === 'settled' ? settle() : secs))
  const timed = ({ sendUnsureAt, recallUnsureAt }: Sent): Partial<Delivery> =>
    Object.fromEntries(Object.entries({ sendUnsureAt: at(sendUnsureAt), recallUnsureAt: at(recallUnsureAt) }).filter(([, value]) => value !== undefined))

  type Case = readonly [what: string, channel: Transport, delivery: Partial<Delivery>, times: Sent, step: { readonly action: string; readonly via?: Transport } | { readonly waits: number } | { readonly rests: true }]

  describe('what is wanted there', () => {
    const cases: readonly Case[] = [
      ['nothing stands', 'hl7-soap', {}, {}, { action: 'create', via: 'hl7-soap' }],
      ['nothing stands', 'fhir', {}, {}, { action: 'create', via: 'fhir' }],
      ['sent a moment ago, without an answer: it may still come', 'hl7-soap', unsure, { sendUnsureAt: 20 }, { waits: 20 }],
      ['the same where a person has just asked for another try', 'hl7-soap', { ...unsure, state: 'owed', tries: 0 }, { sendUnsureAt: 20 }, { waits: 20 }],
      ['the same where nobody wrote down by which transport', 'hl7-soap', without({ ...unsure } as Partial<Delivery>, 'via'), { sendUnsureAt: 20 }, { waits: 20 }],
      ['sent without an answer, and settled: once more, which replaces it', 'hl7-soap', unsure, { sendUnsureAt: 'settled' }, { action: 'update', via: 'hl7-soap' }],
      ['a recall of it had no answer, and may still take away what is sent now', 'hl7-soap', unsure, { sendUnsureAt: 500, recallUnsureAt: 20 }, { waits: 20 }],
      ['that has settled, what was sent has not', 'hl7-soap', unsure, { sendUnsureAt: 20, recallUnsureAt: 'settled' }, { waits: 20 }],
      ['both have settled', 'hl7-soap', unsure, { sendUnsureAt: 500, recallUnsureAt: 'settled' }, { action: 'update', via: 'hl7-soap' }],
      ['what was sent was answered, and the recall after it has settled', 'hl7-soap', unsure, { recallUnsureAt: 'settled' }, { action: 'update', via: 'hl7-soap' }],
      ['taken back, and each recall was answered', 'hl7-soap', { standing: 'recalled' }, {}, { action: 'create', via: 'hl7-soap' }],
      ['taken back by the second recall, the first may still come', 'hl7-soap', { standing: 'recalled' }, { recallUnsureAt: 20 }, { waits: 20 }],
      ['taken back, and every recall has settled', 'hl7-soap', { standing: 'recalled' }, { sendUnsureAt: 500, recallUnsureAt: 'settled' }, { action: 'create', via: 'hl7-soap' }],
      ['an older revision stands there', 'hl7-soap', { standing: 'present', standingRevision: 0, via: HL7 }, {}, { action: 'update', via: 'hl7-soap' }],
      ['one stands by the other transport: it goes by the new one', 'fhir', { standing: 'present', standingRevision: 0, via: HL7 }, {}, { action: 'update', via: 'fhir' }],
      ['one stands by the other transport, which can be looked at', 'hl7-soap', { standing: 'present', standingRevision: 0, via: ['fhir'] }, {}, { action: 'update', via: 'hl7-soap' }],
      ['without an answer, where one can look', 'fhir', { ...unsure, via: ['fhir'] }, { sendUnsureAt: 1 }, { action: 'look' }],
      ['a look saw nothing, and it may still come: on condition that it has not', 'fhir', { ...UNSEEN, state: 'owed' }, { sendUnsureAt: 20 }, { action: 'create', via: 'fhir' }],
      ['a recall without an answer may still take away what a look would find', 'fhir', { ...unsure, via: ['fhir'] }, { recallUnsureAt: 20 }, { waits: 20 }],
      ['without an answer by the other one, where one can look: what comes after the look nobody would know of', 'hl7-soap', { ...unsure, via: ['fhir'] }, { sendUnsureAt: 20 }, { waits: 20 }],
      ['the same, settled', 'hl7-soap', { ...unsure, via: ['fhir'] }, { sendUnsureAt: 'settled' }, { action: 'look' }],
      ['without an answer by the other one, where nobody can look', 'fhir', unsure, { sendUnsureAt: 20 }, { waits: 20 }],
      ['the same, settled', 'fhir', unsure, { sendUnsureAt: 'settled' }, { action: 'update', via: 'fhir' }],
      ['it may stand by both', 'fhir', { ...unsure, via: BOTH }, { sendUnsureAt: 20 }, { waits: 20 }],
      ['it may stand by both, settled', 'fhir', { ...unsure, via: BOTH }, { sendUnsureAt: 'settled' }, { action: 'update', via: 'fhir' }],
    ]
    test.each(cases)('%s (%s)', (_what, channel, delivery, times, expected) => {
      const owed = anOwed({ ...delivery, ...timed(times) })
      const found = next(aWork({ deliveries: [owed] }), channel)
      if ('waits' in expected) expect(found).toEqual({ do: 'nothing', putOff: { deliveryId: owed.id, until: ahead(settle() - expected.waits) } })
      else expect(found).toMatchObject({ do: 'exchange', revision: 1, ...expected })
    })
  })

  describe('what must not stand there', () => {
    const cases: readonly Case[] = [
      ['it stands', 'hl7-soap', { standing: 'present', via: HL7 }, {}, { action: 'recall' }],
      ['sent a moment ago, without an answer: at once, it may have come', 'hl7-soap', unsure, { sendUnsureAt: 1 }, { action: 'recall' }],
      ['a recall before this had no answer', 'hl7-soap', { ...unsure, tries: 3 }, { sendUnsureAt: 500, recallUnsureAt: 1 }, { action: 'recall' }],
      ['it stands by the other transport', 'fhir', { standing: 'present', via: HL7 }, {}, { action: 'recall' }],
      ['it may stand by both', 'fhir', { ...unsure, via: BOTH }, { sendUnsureAt: 1 }, { action: 'recall' }],
    ]
    test.each(cases)('%s (%s)', (_what, channel, delivery, times, expected) => {
      const work = aWork({ ...withheld, deliveries: [anOwed({ standingRevision: 1, ...delivery, state: 'recalling', ...timed(times) })], stops: [{ scope: 'all', value: '' }] })
      expect(next(work, channel)).toMatchObject({ do: 'exchange', ...expected })
      expect(next({ ...work, deliveries: [{ ...work.deliveries[0]!, dueAt: ahead(5) }] }, channel)).toEqual({ do: 'nothing' })
    })
  })

  test('what may be left there and is not known is left alone where nobody can look: it is not woken again', () => {
    const work = aWork({ person: { deceased: true }, deliveries: [anOwed({ ...unsure, sendUnsureAt: ago(500) })] })
    expect(next(work, 'hl7-soap')).toEqual({ do: 'nothing', rests: anOwed().id })
    expect(next(work, 'fhir')).toEqual({ do: 'nothing', rests: anOwed().id })
    expect(next({ ...work, deliveries: [{ ...work.deliveries[0]!, via: ['fhir'] }] }, 'hl7-soap')).toMatchObject({ action: 'look' })
  })

  test('sending once more is sending: stops, the account and the second key stand before it', () => {
    const settled = anOwed({ ...unsure, sendUnsureAt: ago(settle()) })
    expect(next(aWork({ deliveries: [settled], stops: [{ scope: 'all', value: '' }] }), 'hl7-soap')).toMatchObject({ do: 'nothing', putOff: expect.anything() })
    expect(next(aWork({ deliveries: [settled], person: { account: 'unknown' } }), 'hl7-soap')).toEqual({ do: 'ask-account', nhsNumber: ADA })
    expect(next(aWork({ deliveries: [{ ...settled, nhsNumber: '9990000026' }] }), 'hl7-soap')).toMatchObject({ do: 'block', code: 'SECOND_KEY' })
  })

  test('what was sent without an answer may come until it has settled, by either transport, whatever was accepted after it', () => {
    const until = ahead(settle() - 20)
    const of = (delivery: Partial<Delivery>, channel: Transport = 'fhir') => underWay(anOwed({ ...unsure, sendUnsureAt: ago(20), ...delivery }), by(channel))
    expect([of({}), of({}, 'hl7-soap'), of({ via: BOTH }), of({ standing: 'present' })]).toEqual(Array.from({ length: 4 }, () => ({ until, blind: true })))
    expect([of({ via: ['fhir'] }), of({ via: ['fhir'] }, 'hl7-soap'), of({ via: ['fhir'], standing: 'present', acknowledgedAt: ago(10) })]).toEqual([{ until }, { until }, { until }])
    const known = (via: Delivery['via']) => underWay(anOwed({ ...unsure, sentAt: ago(20), ...(via ? { via } : {}) }), by('fhir'))
    expect([known(HL7), known(['fhir'])]).toEqual([{ blind: true }, {}])
    expect(underWay(without(anOwed({ ...unsure, destination: 'print', remoteId: 'b1', sentAt: ago(20) }), 'via'), by('hl7-soap'))).toEqual({})
  })

  test('the print house can always be looked at', () => {
    const work = aWork({ sample: '02-share-unregistered.json', nhsNumber: '9990000026', person: { account: 'unregistered' }, deliveries: [anOwed({ destination: 'print', nhsNumber: '9990000026', state: 'sending', standing: 'unsure', sentAt: ago(1) })] })
    expect(next(work, 'hl7-soap')).toMatchObject({ action: 'look' })
    const created = next({ ...work, deliveries: [anOwed({ destination: 'print', nhsNumber: '9990000026' })] }, 'hl7-soap')
    expect(created).toMatchObject({ action: 'create' })
    expect(created).not.toHaveProperty('via')
  })

  test('a letter whose handing over was never ended may still come into the outbox until its worker has given up: nothing is seen there, so nothing is handed over before', () => {
    const cutOff = { destination: 'print', nhsNumber: '9990000026', standing: 'unsure', sendUnsureAt: ago(20) } as const
    const work = (delivery: Partial<Delivery>) => next(aWork({ sample: '02-share-unregistered.json', nhsNumber: '9990000026', person: { account: 'unregistered' }, deliveries: [anOwed({ ...cutOff, ...delivery })] }), 'fhir')
    expect(work({ state: 'sending', standingRevision: 1 })).toMatchObject({ action: 'look' })
    expect(work({})).toEqual({ do: 'nothing', putOff: { deliveryId: anOwed().id, until: ahead(25) } })
    expect(work({ sendUnsureAt: ago(45) })).toMatchObject({ action: 'create' })
    expect(underWay(anOwed(cutOff), by('fhir'))).toEqual({ until: ahead(25) })
  })

  test('the first patient’s copy goes back before anything is sent to the second, however long that takes', () => {
    const first = anOwed({ ...unsure, id: uuid(102), identifier: uuid(202), nhsNumber: '9990000026', state: 'recalling', sentAt: ago(20) })
    expect(next(aWork({ deliveries: [first, anOwed()] }), 'hl7-soap')).toMatchObject({ action: 'recall', deliveryId: first.id, nhsNumber: '9990000026' })
    expect(next(aWork({ deliveries: [{ ...first, dueAt: ahead(100) }, anOwed()] }), 'hl7-soap')).toEqual({ do: 'nothing', putOff: { deliveryId: anOwed().id, until: ahead(100) } })
    expect(next(aWork({ deliveries: [without({ ...first, standing: 'recalled', state: 'recalled' }, 'dueAt'), anOwed()] }), 'hl7-soap')).toMatchObject({ action: 'create', deliveryId: anOwed().id, nhsNumber: ADA })
  })
})

describe('a stop', () => {
  const stops: readonly (readonly [Stop, boolean])[] = [
    [{ scope: 'all', value: '' }, true],
    [{ scope: 'service', value: 'ADULT1' }, true], [{ scope: 'service', value: 'ADULT2' }, false],
    [{ scope: 'code', value: 'cpln' }, true], [{ scope: 'code', value: 'DISC' }, false],
  ]
  test.each(stops)('%j', (stop, holds) => {
    const work = aWork({ stops: [stop] })
    expect(stopped(stop, planOf(work, policy), policy)).toBe(holds)
    expect(step(work)).toMatchObject(holds ? { do: 'nothing', putOff: { until: ahead(LEAVE_SECS) } } : { do: 'exchange' })
  })

  test('on a directorate holds its teams, and a document that belongs to none', () => {
    const plan = planOf(aWork(), policy)
    const directorate = policy.services['ADULT1']!.directorate
    expect(stopped({ scope: 'directorate', value: directorate }, plan, policy)).toBe(true)
    expect(stopped({ scope: 'directorate', value: 'elsewhere' }, plan, policy)).toBe(false)
    expect(stopped({ scope: 'directorate', value: 'elsewhere' }, { ...plan, document: without(plan.document, 'team') }, policy)).toBe(true)
  })
})
