import { describe, expect, test } from '@jest/globals'
import { backoffSecs, retryAfterSecs, RETRY_AFTER_CEILING_SECS } from '../../src/deliver/backoff.ts'
import { afterExchange, classifyBreak, classifyStatus, OUTCOME, type Ended } from '../../src/deliver/outcomes.ts'
import { OUTCOMES, type Delivery, type Outcome } from '../../src/types.ts'
import { ago, ahead, anOwed, NOW, without } from '../support/work.ts'

const retry = { first_secs: 2, ceiling_secs: 300, jitter: 0 }
const of = (kind: Outcome['kind'], more: Partial<Outcome> = {}): Outcome => ({ kind, code: 'x', detail: '', ...more })
const after = (ended: Partial<Ended>) =>
  afterExchange({ delivery: anOwed(), action: 'create', revision: 3, sha256: 'abc', startedAt: NOW.toISOString(), timeoutSecs: 60, outcome: of('accepted'), wanted: 'present', underWay: {}, ...ended }, retry, 0, NOW)

describe('what an HTTP status means', () => {
  test.each([
    [200, 'accepted'], [201, 'accepted'], [204, 'accepted'], [301, 'forbidden'], [400, 'refused'], [401, 'forbidden'], [403, 'forbidden'], [404, 'forbidden'],
    [407, 'unavailable'], [511, 'unavailable'],
    [405, 'refused'], [408, 'unsure'], [409, 'refused'], [410, 'forbidden'], [412, 'unsure'], [413, 'refused'], [418, 'refused'], [422, 'refused'], [429, 'unavailable'],
    [500, 'unsure'], [501, 'refused'], [502, 'unsure'], [503, 'unavailable'], [504, 'unsure'], [507, 'unsure'],
  ] as const)('%i to a create is %s', (status, kind) => {
    expect(classifyStatus(status, { action: 'create', target: 'endpoint' })).toBe(kind)
  })

  test.each([404, 410])('%i on one resource: gone at a recall, to be looked for at an update', (status) => {
    expect(classifyStatus(status, { action: 'recall', target: 'instance' })).toBe('accepted')
    expect(classifyStatus(status, { action: 'update', target: 'instance' })).toBe('unsure')
  })

  test('a question is never unsure: it leaves nothing behind', () => {
    for (let status = 100; status < 600; status += 1) expect(classifyStatus(status, { action: 'look', target: 'endpoint' })).not.toBe('unsure')
    expect(classifyBreak('ECONNRESET', 'look')).toBe('unavailable')
  })

  test('nothing but 2xx is ever accepted by a create or an update', () => {
    for (let status = 300; status < 600; status += 1) {
      for (const target of ['endpoint', 'instance'] as const) {
        expect(classifyStatus(status, { action: 'create', target })).not.toBe('accepted')
        expect(classifyStatus(status, { action: 'update', target })).not.toBe('accepted')
      }
    }
  })

  test.each([
    'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'EADDRNOTAVAIL', 'UND_ERR_CONNECT_TIMEOUT', 'ERR_TLS_CERT_ALTNAME_INVALID', 'ERR_SSL_WRONG_VERSION_NUMBER',
    'CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'CERT_REVOKED', 'CERT_UNTRUSTED', 'CERT_REJECTED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'HOSTNAME_MISMATCH', 'EPROTO',
  ])('%s: it provably never got there', (code) => {
    expect(classifyBreak(code, 'create')).toBe('unavailable')
  })
  test('once the request had begun, nothing of how the connection broke proves that it did not get there', () => {
    for (const code of ['EHOSTUNREACH', 'ENETUNREACH', 'EPROTO', 'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC', 'ERR_TLS_RENEGOTIATION_DISABLED', 'CERT_HAS_EXPIRED']) {
      expect([code, classifyBreak(code, 'create', true), classifyBreak(code, 'recall', true), classifyBreak(code, 'look', true)]).toEqual([code, 'unsure', 'unsure', 'unavailable'])
    }
  })
  test.each(['ECONNRESET', 'UND_ERR_SOCKET', 'TIMEOUT', 'EPIPE', 'CONNECTION_BROKEN', 'ANSWER_TOO_LARGE'])('%s: it may have got there', (code) => {
    expect(classifyBreak(code, 'create')).toBe('unsure')
  })
})

describe('what becomes of a delivery', () => {
  test('every outcome says what it means', () => {
    expect(Object.keys(OUTCOME).toSorted()).toEqual([...OUTCOMES].toSorted())
  })

  test('every outcome tells the destination what it means for the rest, and counts where trying again should wait longer', () => {
    const tell = (kind: Outcome['kind']) => { const { circuit, delivery } = after({ outcome: of(kind), delivery: anOwed({ tries: 3 }) }); return [kind, circuit, delivery.tries] }
    expect(OUTCOMES.map(tell)).toEqual([['accepted', 'answered', 0], ['unavailable', 'unavailable', 4], ['unsure', 'unavailable', 4], ['refused', 'refused', 4], ['unregistered', 'answered', 4], ['forbidden', 'forbidden', 3]])
  })

  test('a destination that asks to be left alone for an hour is asked for a recall within half a minute, however often that has failed', () => {
    const outcome = { ...of('unavailable'), retryAfterSecs: 3600 }
    const standing = anOwed({ standing: 'present', standingRevision: 2, remoteId: 'r' })
    expect(after({ action: 'recall', outcome, delivery: standing }).delivery.dueAt).toBe(ahead(30))
    expect(after({ action: 'recall', outcome: of('unsure'), delivery: { ...standing, tries: 50 } }).delivery.dueAt).toBe(ahead(30))
    expect(after({ action: 'update', outcome, delivery: standing }).delivery.dueAt).toBe(ahead(3600))
  })

  test('accepted: it stands, and nothing is owed', () => {
    expect(after({ outcome: of('accepted', { remoteId: 'r1' }), delivery: anOwed({ tries: 4 }) })).toEqual({
      circuit: 'answered', delivery: { state: 'acknowledged', standing: 'present', standingRevision: 3, standingSha256: 'abc', remoteId: 'r1', tries: 0 },
    })
    expect(after({ delivery: anOwed({ destination: 'print' }) }).delivery.state).toBe('printing')
  })

  test('a letter that may still come into the outbox is pulled back once more when its worker has given up; one whose end is known leaves nothing open', () => {
    const delivery = anOwed({ destination: 'print', state: 'recalling', standing: 'unsure', sendUnsureAt: ago(20) })
    const recall = (startedAt: string) => after({ action: 'recall', delivery, underWay: { until: ahead(100) }, startedAt }).delivery
    expect(recall(NOW.toISOString())).toEqual({ state: 'recalling', standing: 'unsure', tries: 0, dueAt: ahead(100), sendUnsureAt: ago(20) })
    expect(recall(ahead(100))).toEqual({ state: 'recalled', standing: 'recalled', tries: 0 })
    for (const kind of ['accepted', 'unavailable', 'unsure'] as const) expect(after({ action: 'create', outcome: of(kind), delivery }).delivery.sendUnsureAt).toBeUndefined()
  })

  test('while a letter may still come into the outbox, an earlier one that the print house has settles nothing', () => {
    const delivery = anOwed({ destination: 'print', state: 'sending', standing: 'unsure', standingRevision: 3, standingSha256: 'abc', sendUnsureAt: ago(20) })
    const [early, late] = [NOW.toISOString(), ahead(100)]
    const look = (revision: number, startedAt: string, wanted: Ended['wanted'] = 'present') =>
      after({ action: 'look', delivery, underWay: { until: ahead(100) }, startedAt, wanted, found: { found: true, remoteId: `b${revision}`, revision, sha256: 'abc', outcome: of('accepted') } }).delivery
    expect(look(2, early)).toEqual({ state: 'owed', standing: 'unsure', tries: 0, dueAt: NOW.toISOString(), sendUnsureAt: ago(20) })
    expect(look(2, early, 'leave')).toMatchObject({ state: 'sending', standing: 'unsure', dueAt: ahead(100) })
    expect(look(2, late)).toMatchObject({ state: 'owed', standing: 'present', standingRevision: 2 })
    expect(look(3, early)).toMatchObject({ state: 'printing', standing: 'present', standingRevision: 3 })
    for (const code of ['ALREADY_TAKEN', 'EARLIER_ONE_TAKEN']) {
      const recall = (startedAt: string) => after({ action: 'recall', delivery, underWay: { until: ahead(100) }, startedAt, outcome: of('refused', { code, remoteId: 'b2', sha256: 'abc' }), wanted: 'absent' }).delivery
      expect(recall(early)).toMatchObject({ state: 'recalling', standing: 'unsure', standingRevision: 3, dueAt: ahead(100), sendUnsureAt: ago(20) })
      expect(recall(late)).toMatchObject({ state: 'failed', standing: 'present' })
    }
  })

  test('a letter that the print house had acknowledged before is printed, whatever the exchange was for', () => {
    const delivery = anOwed({ destination: 'print', standing: 'unsure', standingRevision: 3, standingSha256: 'abc' })
    const printed = { printed: true, remoteId: 'b1' } as const
    expect(after({ action: 'update', outcome: of('accepted', printed), delivery }).delivery).toMatchObject({ state: 'printed', standing: 'present' })
    const found = { found: true, remoteId: 'b1', revision: 3, outcome: of('accepted', printed) } as const
    expect(after({ action: 'look', outcome: found.outcome, found, delivery }).delivery).toMatchObject({ state: 'printed', standing: 'present' })
    for (const code of ['ALREADY_TAKEN', 'EARLIER_ONE_TAKEN']) {
      const { delivery: recalled } = after({ action: 'recall', outcome: of('refused', { ...printed, code, sha256: 'abc' }), delivery })
      expect(recalled).toMatchObject({ state: 'printed', standing: 'present', standingSha256: 'abc' })
      expect(recalled.dueAt).toBeUndefined()
    }
  })

  test('a recall that was seen to have worked leaves nothing; the print house is seen into by us', () => {
    const standing = { standing: 'present', remoteId: 'r1', standingRevision: 2 } as const
    expect(after({ action: 'recall', outcome: of('accepted', { confirmed: true }), delivery: anOwed(standing) }).delivery).toEqual({ state: 'recalled', standing: 'recalled', tries: 0 })
    expect(after({ action: 'recall', delivery: anOwed({ ...standing, destination: 'print' }) }).delivery).toEqual({ state: 'recalled', standing: 'recalled', tries: 0 })
  })

  test('a recall that PKB says it did, and that could be seen and was not, is tried again', () => {
    expect(after({ action: 'recall', delivery: anOwed({ standing: 'present', remoteId: 'r1', standingRevision: 2, via: ['fhir'], tries: 1 }) }).delivery)
      .toEqual({ state: 'recalling', standing: 'present', standingRevision: 2, remoteId: 'r1', via: ['fhir'], tries: 2, dueAt: ahead(4) })
    expect(after({ action: 'recall', delivery: anOwed({ standing: 'present', remoteId: 'r1', standingRevision: 2, via: ['fhir'], tries: 5 }) }).delivery).toEqual({ state: 'recalled', standing: 'recalled', tries: 0, unconfirmed: true })
  })

  test('a recall before what was sent without an answer has settled is no proof, whatever it found: it is made again then', () => {
    const unsure = anOwed({ state: 'recalling', standing: 'unsure', standingRevision: 3, via: ['fhir'], lastCode: 'GONE', sendUnsureAt: ago(20) })
    const recall = (code: string, delivery: Partial<Delivery> = {}, startedAt = ahead(0)) =>
      after({ action: 'recall', outcome: of('accepted', { code, confirmed: true }), delivery: { ...unsure, ...delivery }, underWay: { until: ahead(100) }, startedAt }).delivery
    for (const code of ['GONE', '204']) {
      expect(recall(code)).toEqual({ state: 'recalling', standing: 'unsure', standingRevision: 3, via: ['fhir'], tries: 0, dueAt: ahead(100), sendUnsureAt: ago(20) })
      expect(recall(code, { standing: 'present', remoteId: 'r1' })).toMatchObject({ state: 'recalling', standing: 'unsure', dueAt: ahead(100) })
      expect(recall(code, {}, ahead(99.999))).toMatchObject({ state: 'recalling' })
      expect(recall(code, {}, ahead(100))).toEqual({ state: 'recalled', standing: 'recalled', tries: 0 })
    }
  })

  test('what was sent without an answer is not forgotten for what is accepted after it, and not held against what never went', () => {
    const unsure = { standing: 'unsure', standingRevision: 2, via: ['fhir'], sendUnsureAt: ago(20) } as const
    for (const action of ['create', 'update'] as const) {
      expect(after({ action, outcome: of('unsure'), via: 'fhir' }).delivery).toMatchObject({ sendUnsureAt: NOW.toISOString() })
      for (const kind of ['accepted', 'unavailable', 'refused', 'forbidden', 'unregistered'] as const) {
        expect(after({ action, outcome: of(kind), via: 'fhir' }).delivery.sendUnsureAt).toBeUndefined()
        expect(after({ action, outcome: of(kind), via: 'fhir', delivery: anOwed(unsure) }).delivery.sendUnsureAt).toBe(ago(20))
      }
    }
    expect(after({ outcome: of('unsure'), delivery: anOwed({ destination: 'print' }) }).delivery.sendUnsureAt).toBeUndefined()
    // On a machine that stood still it may have left at the end only.
    expect(after({ outcome: of('unsure'), via: 'fhir', startedAt: ago(500) }).delivery.sendUnsureAt).toBe(NOW.toISOString())
    expect(after({ outcome: of('unsure'), via: 'fhir', startedAt: ago(60) }).delivery.sendUnsureAt).toBe(ago(60))
    expect(after({ action: 'recall', outcome: of('unsure'), startedAt: ago(500) }).delivery.recallUnsureAt).toBe(NOW.toISOString())
    expect(after({ action: 'recall', outcome: of('unsure'), delivery: anOwed(unsure) }).delivery).toMatchObject({ sendUnsureAt: ago(20), recallUnsureAt: NOW.toISOString() })
  })

  test('unavailable: as before, and later again; the wait doubles up to the ceiling', () => {
    const waits = [0, 1, 2, 3, 6, 7, 20, 900].map((tries) => after({ outcome: of('unavailable'), delivery: anOwed({ tries }) }).delivery)
    expect(waits.map(({ dueAt }) => (Date.parse(dueAt!) - NOW.getTime()) / 1000)).toEqual([2, 4, 8, 16, 128, 256, 300, 300])
    expect(waits[0]).toMatchObject({ state: 'owed', standing: 'nothing', tries: 1 })
    expect(after({ action: 'recall', outcome: of('unavailable'), delivery: anOwed({ standing: 'present', standingRevision: 2, remoteId: 'r' }) }).delivery)
      .toMatchObject({ state: 'recalling', standing: 'present', standingRevision: 2, remoteId: 'r' })
  })

  test('Retry-After is kept to where it is longer than our own wait', () => {
    expect(after({ outcome: of('unavailable', { retryAfterSecs: 60 }) }).delivery.dueAt).toBe(ahead(60))
    expect(after({ outcome: of('unavailable', { retryAfterSecs: 0 }) }).delivery.dueAt).toBe(ahead(2))
  })

  test('unsure: the revision that was sent may stand, and it is looked for before anything is sent again', () => {
    expect(after({ outcome: of('unsure') })).toMatchObject({ circuit: 'unavailable', delivery: { state: 'sending', standing: 'unsure', standingRevision: 3, tries: 1, dueAt: ahead(2) } })
    expect(after({ action: 'recall', outcome: of('unsure'), delivery: anOwed({ standing: 'present', standingRevision: 2, remoteId: 'r' }) }).delivery)
      .toMatchObject({ state: 'recalling', standing: 'unsure', standingRevision: 2, remoteId: 'r' })
  })

  test('refused: it waits for a person, and what stood stands', () => {
    const { delivery, circuit } = after({ outcome: of('refused'), delivery: anOwed({ standing: 'present', standingRevision: 2 }), action: 'update' })
    expect(delivery).toMatchObject({ state: 'failed', standing: 'present', standingRevision: 2 })
    expect(delivery.dueAt).toBeUndefined()
    expect(circuit).toBe('refused')
  })

  test('forbidden: the destination stops, and the document is not marked failed', () => {
    expect(after({ outcome: of('forbidden'), delivery: anOwed({ tries: 2 }) })).toMatchObject({ circuit: 'forbidden', delivery: { state: 'owed', standing: 'nothing', tries: 2, dueAt: expect.any(String) } })
  })

  test('unregistered: it stays owed until it has been planned again', () => {
    expect(after({ outcome: of('unregistered') }).delivery).toMatchObject({ state: 'owed', standing: 'nothing', dueAt: expect.any(String) })
  })

  describe('a look', () => {
    const unsure = anOwed({ state: 'sending', standing: 'unsure', standingRevision: 3, tries: 2 })
    const look = (found: Ended['found'], more: Partial<Ended> = {}) => after({ action: 'look', delivery: unsure, ...(found ? { found } : {}), ...more }).delivery

    test('that finds this revision adopts it', () => {
      expect(look({ found: true, remoteId: 'r', revision: 3, outcome: of('accepted') })).toEqual({ state: 'acknowledged', standing: 'present', standingRevision: 3, standingSha256: 'abc', remoteId: 'r', tries: 0 })
    })
    test('that finds another revision, or other content, has it replaced at once', () => {
      expect(look({ found: true, remoteId: 'r', revision: 2, outcome: of('accepted') })).toEqual({ state: 'owed', standing: 'present', standingRevision: 2, remoteId: 'r', tries: 2, dueAt: NOW.toISOString() })
      expect(look({ found: true, remoteId: 'r', revision: 3, sha256: 'other', outcome: of('accepted') })).toMatchObject({ state: 'owed', standing: 'present' })
      expect(look({ found: true, remoteId: 'r', outcome: of('accepted') }).standingRevision).toBeUndefined()
    })
    test('that finds nothing has it sent again at once, and the tries stay counted', () => {
      expect(look({ found: false, outcome: of('accepted') })).toEqual({ state: 'owed', standing: 'nothing', tries: 2, dueAt: NOW.toISOString() })
    })
    test('that finds nothing before what was sent has settled proves nothing: who wants it there sends it on condition, who does not looks again', () => {
      const early = { underWay: { until: ahead(100) }, delivery: { ...unsure, via: ['fhir'], remoteId: 'r', sendUnsureAt: ago(20) } } as const
      const nothing = { found: false, outcome: of('accepted') } as const
      expect(look(nothing, early)).toEqual({ state: 'owed', standing: 'unsure', via: ['fhir'], tries: 2, dueAt: NOW.toISOString(), sendUnsureAt: ago(20) })
      expect(look(nothing, { ...early, wanted: 'leave' })).toEqual({ state: 'sending', standing: 'unsure', via: ['fhir'], tries: 2, dueAt: ahead(100), sendUnsureAt: ago(20) })
      expect(look(nothing, { ...early, startedAt: ahead(100) })).toEqual({ state: 'owed', standing: 'nothing', tries: 2, dueAt: NOW.toISOString() })
      expect(look({ found: true, remoteId: 'r', revision: 3, outcome: of('accepted') }, early)).toMatchObject({ state: 'acknowledged', sendUnsureAt: ago(20) })
    })
    test('of what is not wanted any more settles what stands, and sends nothing', () => {
      expect(look({ found: false, outcome: of('accepted') }, { wanted: 'leave' })).toEqual({ state: 'closed', standing: 'nothing', tries: 2, dueAt: NOW.toISOString() })
      expect(look({ found: true, remoteId: 'r', revision: 2, outcome: of('accepted') }, { wanted: 'leave' })).toEqual({ state: 'acknowledged', standing: 'present', standingRevision: 2, remoteId: 'r', tries: 2 })
    })
    test('that was not answered leaves it unsure', () => {
      expect(look(undefined, { outcome: of('unavailable') })).toMatchObject({ state: 'sending', standing: 'unsure', standingRevision: 3, tries: 3 })
    })
  })

  describe('where PKB cannot be looked at', () => {
    const sent = { state: 'recalling', standing: 'unsure', standingRevision: 3, via: ['hl7-soap'], tries: 1, sentAt: ago(20) } as const
    const recall = (more: Partial<Ended>, delivery: Partial<Delivery> = {}) => after({ action: 'recall', delivery: anOwed({ ...sent, ...delivery }), underWay: { until: ahead(100), blind: true }, ...more }).delivery

    test('a recall before what was sent has settled is made again when it has, and only then it is done', () => {
      expect(recall({})).toEqual({ state: 'recalling', standing: 'unsure', standingRevision: 3, via: ['hl7-soap'], tries: 1, dueAt: ahead(100) })
      expect(recall({ startedAt: ahead(99.999) })).toMatchObject({ state: 'recalling', dueAt: ahead(100) })
      expect(recall({ startedAt: ahead(100) })).toEqual({ state: 'recalled', standing: 'recalled', tries: 0, unconfirmed: true })
    })
    test('of what is known to stand it is done at once, and nobody has seen it', () => {
      expect(recall({ underWay: { blind: true } }, { standing: 'present' })).toEqual({ state: 'recalled', standing: 'recalled', tries: 0, unconfirmed: true })
      expect(recall({ underWay: { blind: true }, outcome: of('accepted', { confirmed: true }) }, { standing: 'present' })).toEqual({ state: 'recalled', standing: 'recalled', tries: 0 })
    })
    test('one that nobody answered is tried again by the usual waits, and it is kept when it was started', () => {
      expect(recall({ outcome: of('unsure') })).toEqual({ state: 'recalling', standing: 'unsure', standingRevision: 3, via: ['hl7-soap'], tries: 2, dueAt: ahead(4), recallUnsureAt: NOW.toISOString() })
      expect(recall({ outcome: of('unsure', { person: true, code: 'AE' }) })).toMatchObject({ state: 'recalling', dueAt: ahead(4) })
      expect(recall({ underWay: { blind: true } }, { recallUnsureAt: ago(9) })).toMatchObject({ state: 'recalled', recallUnsureAt: ago(9) })
      expect(recall({ outcome: of('unavailable') }, { recallUnsureAt: ago(9) }).recallUnsureAt).toBe(ago(9))
      expect(recall({ outcome: of('unavailable') }).recallUnsureAt).toBeUndefined()
    })
    test('what is sent and accepted afterwards has waited for it', () => {
      expect(after({ action: 'update', via: 'hl7-soap', delivery: anOwed({ ...sent, recallUnsureAt: ago(200) }) }).delivery)
        .toEqual({ state: 'acknowledged', standing: 'present', standingRevision: 3, standingSha256: 'abc', via: ['hl7-soap'], tries: 0 })
    })
  })

  describe('a destination that asks for a person', () => {
    const person = of('unsure', { code: 'AE', person: true })
    test('is not tried again by itself, and what was sent may stand', () => {
      for (const action of ['create', 'update'] as const) {
        const { delivery, circuit } = after({ action, outcome: person, via: 'hl7-soap' })
        expect(delivery).toEqual({ state: 'failed', standing: 'unsure', standingRevision: 3, standingSha256: 'abc', via: ['hl7-soap'], tries: 1, sendUnsureAt: NOW.toISOString() })
        expect(circuit).toBe('unavailable')
      }
    })
  })

  describe('by which transport a copy stands', () => {
    const stood = { standing: 'present', standingRevision: 2, remoteId: 'r1', via: ['fhir'] } as const
    const update = (outcome: Outcome) => after({ action: 'update', via: 'hl7-soap', outcome, delivery: anOwed(stood) }).delivery
    test('is what was sent where that was accepted: an id of the other one says nothing any more', () => {
      expect(update(of('accepted'))).toEqual({ state: 'acknowledged', standing: 'present', standingRevision: 3, standingSha256: 'abc', via: ['hl7-soap'], tries: 0 })
      expect(after({ action: 'update', via: 'fhir', delivery: anOwed(stood) }).delivery).toMatchObject({ via: ['fhir'], remoteId: 'r1' })
    })
    test('is both where nobody knows, and as before where nothing was accepted', () => {
      expect(update(of('unsure'))).toMatchObject({ via: ['fhir', 'hl7-soap'], remoteId: 'r1' })
      for (const kind of ['unavailable', 'refused', 'forbidden', 'unregistered'] as const) expect(update(of(kind))).toMatchObject({ standing: 'present', standingRevision: 2, via: ['fhir'], remoteId: 'r1' })
      expect(after({ via: 'hl7-soap', outcome: of('unsure'), delivery: anOwed({ standing: 'recalled', via: ['fhir'] }) }).delivery.via).toEqual(['hl7-soap'])
    })
    test('is known where the old one was taken back and the new one did not come', () => {
      const takenBack = ['fhir'] as const
      for (const kind of ['unavailable', 'refused', 'forbidden', 'unregistered'] as const) {
        expect(update(of(kind, { takenBack }))).toMatchObject({ standing: 'recalled' })
        expect(update(of(kind, { takenBack }))).not.toHaveProperty('via')
        expect(after({ action: 'update', via: 'fhir', outcome: of(kind, { takenBack: ['hl7-soap'] }), delivery: anOwed({ ...stood, via: ['hl7-soap'] }) }).delivery).toMatchObject({ standing: 'recalled', unconfirmed: true })
        expect(after({ action: 'update', via: 'hl7-soap', outcome: of(kind, { takenBack }), delivery: anOwed({ ...stood, via: ['fhir', 'hl7-soap'] }) }).delivery).toMatchObject({ standing: 'present', via: ['hl7-soap'] })
      }
      expect(update(of('unsure', { takenBack }))).toMatchObject({ standing: 'unsure', via: ['hl7-soap'] })
      expect(update(of('unsure', { takenBack }))).not.toHaveProperty('remoteId')
    })
    test('is never forgotten while something stands or may stand', () => {
      for (const kind of OUTCOMES) for (const action of ['create', 'update', 'recall', 'look'] as const) for (const person of [true, undefined]) {
        const { standing, via = [] } = after({
          action, outcome: of(kind, person ? { person } : {}), delivery: anOwed({ ...stood, standing: 'unsure', via: ['fhir', 'hl7-soap'] }), ...(action === 'recall' ? { underWay: { until: ahead(1), blind: true as const } } : {}),
          ...(action === 'create' || action === 'update' ? { via: 'hl7-soap' as const } : {}), found: { found: true, remoteId: 'r', revision: 3, outcome: of('accepted') },
        }).delivery
        if (kind === 'accepted' && (action === 'create' || action === 'update')) expect(via).toEqual(['hl7-soap'])
        else expect({ standing: standing === 'present' || standing === 'unsure', via }).toEqual({ standing: true, via: ['fhir', 'hl7-soap'] })
      }
    })
  })

  test('only an accepted recall or a look that found nothing says that nothing stands', () => {
    for (const kind of OUTCOMES) {
      for (const action of ['create', 'update', 'recall', 'look'] as const) {
        const { standing } = after({ action, outcome: of(kind), delivery: without(anOwed({ standing: 'present', standingRevision: 1 }), 'dueAt'), found: { found: true, remoteId: 'r', revision: 3, outcome: of('accepted') } }).delivery
        if (standing === 'nothing' || standing === 'recalled') expect([kind, action]).toEqual(['accepted', 'recall'])
      }
    }
  })
})

describe('waiting', () => {
  test('jitter takes away up to its share, and never all of it', () => {
    expect(backoffSecs(3, { ...retry, jitter: 0.5 }, 0)).toBe(8)
    expect(backoffSecs(3, { ...retry, jitter: 0.5 }, 1)).toBe(4)
    expect(backoffSecs(1, { ...retry, jitter: 1 }, 1)).toBeCloseTo(0.2)
  })

  test.each([
    ['120', 120], ['0', 0], ['999999', RETRY_AFTER_CEILING_SECS], ['Mon, 23 Nov 2026 10:00:30 GMT', 30], ['Mon, 23 Nov 2026 09:00:00 GMT', 0], ['Wed, 23 Nov 2033 09:00:00 GMT', RETRY_AFTER_CEILING_SECS],
    ['', undefined], ['soon', undefined], ['-5', undefined], ['1.5', undefined], [null, undefined],
  ] as const)('Retry-After: %s', (header, secs) => {
    expect(retryAfterSecs(header, NOW)).toBe(secs)
  })
})
