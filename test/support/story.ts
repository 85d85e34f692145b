// Documents as the ledger tells them, for tests of pages and API: builders with overrides, and a ledger that only
// tells what it was given and remembers what it was asked.
import type { DashboardParts } from '../../src/dashboard/parts.ts'
import type { DocumentFilter, DocumentRow, RevisionRecord, Run, Story } from '../../src/ledger/ledger.ts'
import type { Attempt, Delivery, Found } from '../../src/types.ts'
import { someFacts } from './policy.ts'
import { NO_STAFF } from './sign-in.ts'

export const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

const at = (place: string, text: string): Found => ({ text, at: place })

export const aRow = (overrides: Partial<DocumentRow> = {}): DocumentRow => ({
  id: uuid(1), source: 'rio', sourceId: 'RIO-1000123', feed: 'rio-http', revision: 1, receivedAt: '2026-11-23T09:00:00.000Z', state: 'acknowledged',
  route: 'pkb', rule: 'to-pkb', because: 'It was uploaded as "MH share with patient" and goes to the patient’s PKB record.', code: 'CLIN', team: 'ADULT1', directorate: 'Newham',
  ...overrides,
})

export const aDelivery = (overrides: Partial<Delivery> = {}): Delivery => ({
  id: uuid(101), documentId: uuid(1), destination: 'pkb', identifier: uuid(201), nhsNumber: '9990000018', state: 'acknowledged', standing: 'present',
  standingRevision: 1, remoteId: 'remote-1', tries: 0, lastOutcome: 'accepted', lastCode: '201', lastDetail: 'created',
  ...overrides,
})

export const aFailedDelivery = (overrides: Partial<Delivery> = {}): Delivery => {
  const { standingRevision: _, remoteId: __, ...rest } = aDelivery()
  return { ...rest, state: 'failed', standing: 'nothing', tries: 1, lastOutcome: 'refused', lastCode: '422', lastDetail: 'DocumentReference.type', ...overrides }
}

export const anAttempt = (overrides: Partial<Attempt> = {}): Attempt => ({
  id: uuid(301), deliveryId: uuid(101), at: '2026-11-23T09:00:01.000Z', action: 'create', revision: 1, outcome: 'accepted', code: '201', detail: 'created', tookMs: 42,
  ...overrides,
})

/** Of Ada Example, and so full of what must not be seen elsewhere. */
export const aStory = (overrides: Partial<Story> = {}, row: Partial<DocumentRow> = {}): Story => ({
  ...aRow(row),
  facts: someFacts(),
  decision: {
    route: row.route ?? 'pkb', rule: row.rule ?? 'to-pkb', because: row.because ?? aRow().because, conflict: false, variance: false, leftToTeam: false,
    labels: ['R', 'MH', 'MENTAL_HEALTH', 'share'], policy: 'a'.repeat(64),
  },
  document: {
    source: 'rio', documentId: 'RIO-1000123', event: 'created', sourceTime: '2026-11-23T08:59:00.000Z', documentDate: '2026-11-20',
    picklist: [at('metadata.documentType', 'MH share with patient')], names: [at('metadata.name', 'CLIN Clinic letter.pdf')], title: 'CLIN Clinic letter about the garden',
    fileName: 'letter.pdf', signals: [], team: at('metadata.team', 'ADULT1'), author: 'Dr Example', organisations: [at('metadata.author.organisation', 'RWK')],
    uploadedBy: 'admin42', completion: at('metadata.status', 'final'),
    patient: {
      nhsNumbers: [at('metadata.patient.nhsNumber', '9990000018')], traceStatuses: [at('metadata.patient.nhsNumberStatus', '01')], clientId: 'C123', family: 'Example',
      given: 'Ada', birthDate: '1970-01-01', deceased: false, restricted: false, address: { lines: ['1 High Street', 'London'], postcode: 'E1 4AA' }, formatNeeds: [],
    },
    contents: [{ ref: { sha256: 'b'.repeat(64), sha1: 'c2hh', size: 1536, head: '%PDF-1.7', tail: '%%EOF', encrypt: false }, declaredType: 'application/pdf', at: 'file' }],
    unread: ['metadata.mood'],
  },
  resource: { resourceType: 'DocumentReference', status: 'current', content: [{ attachment: { contentType: 'application/pdf', title: 'CLIN Clinic letter about the garden' } }] },
  receipts: [{ id: uuid(401), receivedAt: '2026-11-23T09:00:00.000Z', feed: 'rio-http', revision: 1, bearing: 'in-order' }],
  deliveries: [{ ...aDelivery(), attempts: [anAttempt({ at: '2026-11-23T08:00:00.000Z', id: uuid(300), outcome: 'unavailable', code: '503', detail: 'asked to wait' }), anAttempt()] }],
  events: [
    { seq: 1, at: '2026-11-23T09:00:00.000Z', kind: 'received', actor: 'rio-http', detail: { revision: 1 } },
    { seq: 2, at: '2026-11-23T09:00:00.000Z', kind: 'decided', actor: 'engine', detail: { route: 'pkb', rule: 'to-pkb' } },
  ],
  ...overrides,
})

/** A plan that nobody has started. */
export const aRun = (overrides: Partial<Run> = {}): Run => ({
  id: uuid(1), kind: 'retry', destination: 'pkb', cause: 'refused', signature: '422', state: 'planned', plannedBy: 'a-admin (pages)', plannedAt: '2026-11-23T09:00:00.000Z', cut: false, perMinute: 60, step: 0, base: 0,
  part: 1, documents: 1, patients: 1, byClass: { plain: 1 }, byState: { waiting: 1 }, ...overrides,
})

const revisionOf = ({ id, source, sourceId, revision, receivedAt, resource, feed, decision }: Story): RevisionRecord =>
  ({ documentId: id, source, sourceId, revision, identifier: uuid(201), receivedAt, resource, receiptId: uuid(401), feed, policy: decision.policy })

type TellingLedger = DashboardParts['ledger'] & {
  readonly asked: DocumentFilter[]
  readonly retried: { readonly deliveryId: string; readonly actor: string; readonly reason: string }[]
}

/** Tells these stories; a delivery that failed becomes owed when it is retried. */
export const aTellingLedger = (stories: readonly Story[], more: { readonly cursor?: string } = {}): TellingLedger => {
  const asked: DocumentFilter[] = []
  const retried: { deliveryId: string; actor: string; reason: string }[] = []
  const deliveries = stories.flatMap((story) => story.deliveries.map((delivery) => ({ ...delivery, document: story })))
  const isRetried = (id: string): boolean => retried.some(({ deliveryId }) => deliveryId === id)
  return {
    ...NO_STAFF,
    asked,
    retried,
    list: (filter) => {
      asked.push(filter)
      const documents = stories.filter((story) => filter.state?.includes(story.state) ?? true)
      return Promise.resolve({ documents, ...more })
    },
    estimate: () => Promise.resolve(12_345),
    story: (id) => Promise.resolve(stories.find((story) => story.id === id)),
    troubled: () => Promise.resolve(deliveries.filter(({ id, state }) => (state === 'failed' || state === 'blocked') && !isRetried(id))),
    planRun: () => Promise.resolve(undefined),
    runs: () => Promise.resolve([aRun()]),
    run: (id) => Promise.resolve(id === uuid(1) ? aRun() : undefined),
    runNow: () => Promise.resolve({ joined: 0, shared: 0, overtaken: 0, stopped: 0, second: false, policies: [] }),
    resourcesOf: () => Promise.resolve(new Map()),
    runReport: () => Promise.resolve([]),
    changeRun: () => Promise.resolve(undefined),
    runsUnderWay: () => Promise.resolve([]),
    driveRun: () => Promise.resolve({ tried: 0 }),
    deliveryOf: (deliveryId) => Promise.resolve(deliveries.find(({ id }) => id === deliveryId)),
    printInstead: () => Promise.resolve({ kind: 'missing' }),
    decideAgain: () => Promise.resolve({ kind: 'missing', tried: false }),
    replayPage: () => Promise.resolve({ documents: [] }),
    failures: () => Promise.resolve({ groups: [], documents: 0, patients: 0, all: true }),
    failuresIn: () => Promise.resolve(undefined),
    observed: () => Promise.resolve([]),
    reconciliation: () => Promise.resolve({ days: [], differences: [] }),
    reconciled: () => Promise.resolve([]),
    flow: () => Promise.resolve({ moved: [], lately: [], days: [], cameIn: [], refused: [], waiting: [], trouble: [], review: { count: 0 }, states: [] }),
    behindFlow: () => Promise.resolve([]),
    refusals: () => Promise.resolve([]),
    noteStates: () => Promise.resolve(),
    forgetStates: () => Promise.resolve(),
    changesSince: () => Promise.resolve({ seq: 0, kinds: [] }),
    compareExtract: ({ ids }) => Promise.resolve({ missing: ids, unnamed: [], matched: 0, otherTimes: 0 }),
    assurance: () => Promise.resolve([]),
    incidents: () => Promise.resolve({ open: [], resolved: [] }),
    takeIncident: () => Promise.resolve(undefined),
    tellingWays: () => Promise.resolve([]),
    outcomeDay: () => Promise.resolve(undefined),
    outcomeDays: () => Promise.resolve([]),
    outcomeLines: () => Promise.resolve([]),
    known: () => Promise.resolve(undefined),
    release: () => Promise.resolve('missing'),
    reviews: () => Promise.resolve({ groups: [], rows: [] }),
    review: () => Promise.resolve(undefined),
    lastRole: () => Promise.resolve(undefined),
    codesSeen: () => Promise.resolve([]),
    stops: () => Promise.resolve([]),
    haltedChannels: () => Promise.resolve([]),
    haltChannel: () => Promise.resolve(undefined),
    startChannel: () => Promise.resolve(undefined),
    reportChannels: () => Promise.resolve(),
    channelReports: () => Promise.resolve([]),
    channelActivity: () => Promise.resolve([]),
    notePolicyAsked: () => Promise.resolve(),
    waiting: () => Promise.resolve([]),
    pullStop: () => Promise.resolve(undefined),
    liftStop: () => Promise.resolve(undefined),
    recalls: () => Promise.resolve([]),
    recallCounts: () => Promise.resolve({ open: 0 }),
    looked: () => Promise.resolve(),
    makeToken: () => Promise.resolve(undefined),
    revokeToken: () => Promise.resolve(undefined),
    tokens: () => Promise.resolve([]),
    walkChain: () => Promise.resolve({ entries: 0, hash: '0'.repeat(64) }),
    references: () => Promise.resolve({ revisions: stories.map(revisionOf) }),
    revisions: (id) => Promise.resolve(stories.filter((story) => story.id === id).map(revisionOf)),
    trail: ({ seq, limit }) => Promise.resolve({ entries: stories.flatMap((story) => story.events.map((event) => ({ ...event, documentId: story.id }))).filter((entry) => seq === undefined || entry.seq === seq).slice(0, limit) }),
    hold: () => Promise.resolve(),
    liftHold: () => Promise.resolve(),
    policyHistory: () => Promise.resolve([{ hash: 'b'.repeat(64), since: '2026-11-22T08:00:00.000Z' }, { hash: 'a'.repeat(64), since: '2026-11-01T08:00:00.000Z' }]),
    counts: () => Promise.resolve({ byState: { acknowledged: stories.length }, oldestOwedSecs: 0 }),
    retry: (deliveryId, actor, reason) => {
      const delivery = deliveries.find(({ id }) => id === deliveryId)
      if (!delivery) return Promise.resolve(undefined)
      if (delivery.state !== 'failed') return Promise.resolve(false)
      retried.push({ deliveryId, actor, reason })
      return Promise.resolve(true)
    },
  }
}
