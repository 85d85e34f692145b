// The watch over what is wrong, over a real ledger, a real mail server and a real web server: what it tells, when, to whom,
// how often, and that nothing is lost.
import { createHmac } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { judge } from '../../src/decide/incident-changes.ts'
import { openAlertWatch, type AlertWatch, type AlertWatchParts, type OwnWrong } from '../../src/engine/alert-watch.ts'
import { openAlertWays } from '../../src/engine/alert-ways.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { makeSay } from '../../src/observe/say.ts'
import { ADA } from '../support/documents.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'
import { until } from '../support/until.ts'
import { aHook, aMailServer, type Hook, type MailServer } from '../support/told.ts'

const SECRET = 'a secret of the tests'
const MINUTE = 60
const HOUR = 3600
let mail: MailServer
let hook: Hook
beforeAll(async () => { [mail, hook] = await Promise.all([aMailServer(), aHook()]) })
afterAll(async () => { await Promise.all([mail.close(), hook.close()]) })

let place: TestLedger
let opened: AlertWatch[] = []
/** What the process that watches finds wrong with itself. */
let own: OwnWrong[] = []
let reviews: Awaited<ReturnType<AlertWatchParts['overdueReviews']>> = []
beforeEach(async () => {
  place = await aLedger()
  own = []
  reviews = []
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, iso())
})
afterEach(async () => {
  for (const watch of opened) await watch.close()
  opened = []
  mail.letters.length = 0
  hook.posts.length = 0
  Object.assign(mail.manners, { refused: [], slowMs: 0, down: false })
  Object.assign(hook.manners, { status: 204, hangs: false })
  delete hook.manners.retryAfter
  delete hook.manners.location
  await place.close()
})

const iso = () => place.clock.at.toISOString()
const later = (secs: number): void => { place.clock.at = new Date(place.clock.at.getTime() + secs * 1000) }
const SETTINGS = () => ({ SMTP_URL: mail.url, ALERT_EMAIL_FROM: 'engine@trust.example', ALERT_EMAIL_TO: 'duty@trust.example, analyst@trust.example', ALERT_WEBHOOK_URL: hook.url, ALERT_WEBHOOK_SECRET: SECRET, CONSOLE_URL: 'https://console.example/' })

const aWatch = ({ ledger = place.ledger, settings = SETTINGS(), ...parts }: { ledger?: Ledger; settings?: Record<string, string> } & Partial<AlertWatchParts> = {}) => {
  const lines: string[] = []
  const { say } = makeSay({ level: 'debug', write: (line) => lines.push(line) })
  const ways = openAlertWays(settings, { now: () => place.clock.at, withinMs: 300 })
  const quiet = { ...place.policy, feeds: {} }
  const watch = openAlertWatch({ ledger, policy: () => quiet, inForceSince: () => '2026-11-01T00:00:00.000Z', overdueReviews: async () => reviews, own: async () => own, ways, say, now: () => place.clock.at, everyMs: 3_600_000, ...parts })
  opened.push(watch)
  return { watch, lines }
}
/** Lets the first look, which it begins by itself, come to its end too. */
const look = async ({ watch }: { readonly watch: AlertWatch }) => { await watch.look(); await watch.look() }
const subjects = () => mail.letters.splice(0).map(({ subject }) => subject)
const posted = () => hook.posts.splice(0).map(({ body }) => JSON.parse(body) as { type: string; alert: Record<string, unknown>; link: string })
const open = async () => (await place.ledger.incidents(10)).open

const DOWN: OwnWrong = { kind: 'feed-down', thing: 'rio-mllp' }

test('one notification when it opens, one when it is resolved, each by mail and by webhook, with a link', async () => {
  const one = aWatch()
  own = [DOWN]
  await look(one)
  await look(one)
  expect(mail.letters).toMatchObject([{ from: 'engine@trust.example', to: ['duty@trust.example', 'analyst@trust.example'], subject: 'Openletter: open: A feed is down: rio-mllp' }])
  expect(mail.letters[0]!.raw).toContain('https://console.example/channels')
  expect(posted()).toMatchObject([{ type: 'alert.opened', link: 'https://console.example/channels', alert: { kind: 'feed-down', severity: 'severe', about: 'rio-mllp', times: 1 } }])
  expect(subjects()).toHaveLength(1)

  own = []
  later(3 * MINUTE)
  await look(one)
  expect([await open(), mail.letters]).toMatchObject([[{ kind: 'feed-down', calmSince: iso() }], []])
  later(11 * MINUTE)
  await look(one)
  expect(subjects()).toEqual(['Openletter: resolved: A feed is down: rio-mllp'])
  expect(posted()).toMatchObject([{ type: 'alert.resolved', alert: { resolvedAt: iso() } }])
  expect(await place.ledger.incidents(10)).toMatchObject({ open: [], resolved: [{ kind: 'feed-down', thing: 'rio-mllp', resolvedAt: iso() }] })
  expect(one.lines.filter((line) => line.includes('alert_'))).toHaveLength(2)
})

test('the signature of a webhook is over its time and its body', async () => {
  own = [DOWN]
  await look(aWatch())
  const [{ body, headers }] = hook.posts as [Hook['posts'][number]]
  const [, seconds, given] = /^t=(\d+),v1=([0-9a-f]{64})$/u.exec(String(headers['openletter-signature']))!
  expect(Number(seconds)).toBe(place.clock.at.getTime() / 1000)
  expect(given).toBe(createHmac('sha256', SECRET).update(`${seconds}.${body}`).digest('hex'))
  expect(headers['content-type']).toBe('application/json')
})

test('is reminded of after four hours, after a day, and then ever more rarely; and not when a person has it in hand', async () => {
  const one = aWatch()
  own = [DOWN]
  const reminders: number[] = []
  await look(one)
  for (let hours = 0; hours <= 60; hours += 1) {
    await one.watch.look()
    if (subjects().some((subject) => subject.startsWith('Openletter: still open'))) reminders.push(hours)
    later(HOUR)
  }
  expect(reminders).toEqual([4, 24, 48])
  const [incident] = await open()
  expect(await place.ledger.takeIncident(incident!.id, 'jane (pages)', 'the cable is being changed', iso())).toBe(true)
  expect(await place.ledger.takeIncident(incident!.id, 'john (pages)', 'me too', iso())).toBe(false)
  for (let hours = 0; hours < 100; hours += 10) { later(10 * HOUR); await look(one) }
  expect([subjects(), await open()]).toMatchObject([[], [{ taken: { by: 'jane (pages)', reason: 'the cable is being changed' } }]])
  expect(await place.ledger.verifyChain()).toBeUndefined()
  expect((await place.ledger.trail({ limit: 5 })).entries).toMatchObject([{ kind: 'alert-taken', actor: 'jane (pages)', detail: { of: 'feed-down' } }])
})

test('a thing that comes and goes all day is one incident and a handful of mails', async () => {
  const one = aWatch()
  for (let n = 0; n < 24 * 60 / 7; n += 1) {
    own = n % 3 === 0 ? [DOWN] : []
    await one.watch.look()
    later(7 * MINUTE)
  }
  const { open: still, resolved } = await place.ledger.incidents(100)
  expect(still.length + resolved.length).toBe(1)
  expect(mail.letters.length).toBeLessThan(15)
})

test('what is wrong with many things at once is one mail, and a webhook for each', async () => {
  own = [DOWN, { kind: 'feed-down', thing: 'rio-http' }, { kind: 'disk-full', thing: 'DATA_DIR' }]
  await look(aWatch())
  expect(subjects()).toEqual(['Openletter: 3 open'])
  expect(posted()).toHaveLength(3)
})

describe('a mail server', () => {
  test('that is away is tried again, also after a restart, and the page can say so', async () => {
    mail.manners.down = true
    own = [DOWN]
    const first = aWatch()
    await look(first)
    expect((await open())[0]!.told).toMatchObject([{ way: 'email', says: 'opened', tries: 1, lastCode: expect.any(String) }, { way: 'webhook', sentAt: iso() }])
    expect(first.lines.join('')).toContain('not_notified')
    await first.watch.close()
    mail.manners.down = false
    later(MINUTE)
    await look(aWatch())
    expect(subjects()).toEqual(['Openletter: open: A feed is down: rio-mllp'])
    expect((await open())[0]!.told.every(({ sentAt }) => sentAt !== undefined)).toBe(true)
  })

  test('that is away all the time is told of the end alone', async () => {
    mail.manners.down = true
    own = [DOWN]
    const one = aWatch()
    await look(one)
    own = []
    for (const minutes of [1, 15, 15]) { later(minutes * MINUTE); await look(one) }
    mail.manners.down = false
    later(2 * HOUR)
    await look(one)
    expect(subjects()).toEqual(['Openletter: resolved: A feed is down: rio-mllp'])
  })

  test('that refuses one of several still tells the others, and is not asked again', async () => {
    mail.manners.refused = ['analyst@trust.example']
    own = [DOWN]
    const one = aWatch()
    await look(one)
    expect(mail.letters).toMatchObject([{ to: ['duty@trust.example'] }])
    expect(one.lines.join('')).toContain('SOME_REFUSED')
    later(HOUR)
    await look(one)
    expect(mail.letters).toHaveLength(1)
  })

  test('that refuses everybody is tried again, and its words stay unsaid', async () => {
    mail.manners.refused = ['duty@trust.example', 'analyst@trust.example']
    own = [DOWN]
    const one = aWatch()
    await look(one)
    expect((await open())[0]!.told.find(({ way }) => way === 'email')).toMatchObject({ tries: 1, lastCode: 'EENVELOPE 550' })
    expect(one.lines.join('')).not.toContain('nobody is called')
  })

  test('that thinks for too long counts as away', async () => {
    mail.manners.slowMs = 2_000
    own = [DOWN]
    await look(aWatch())
    expect((await open())[0]!.told.find(({ way }) => way === 'email')).toMatchObject({ tries: 1, lastCode: 'ETIMEDOUT' })
  })

  test('that wants TLS and a password gets both, and none without a certificate that is trusted', async () => {
    const strict = await aMailServer({ user: 'engine', password: 'p4ss' })
    try {
      own = [DOWN]
      await look(aWatch({ settings: { ...SETTINGS(), SMTP_URL: `${strict.url}?tls.rejectUnauthorized=false` } }))
      expect(strict.letters).toMatchObject([{ secure: true, user: 'engine' }])
      own = [{ kind: 'feed-down', thing: 'rio-http' }]
      const careful = aWatch({ settings: { ...SETTINGS(), SMTP_URL: strict.url } })
      await opened[0]!.close()
      await look(careful)
      expect(strict.letters).toHaveLength(1)
      expect(careful.lines.join('')).not.toContain('p4ss')
    } finally {
      await strict.close()
    }
  })
})

describe('a webhook', () => {
  test.each([['an error', { status: 500 }, '500'], ['a redirect', { status: 307, location: 'http://127.0.0.1:1/elsewhere' }, '307'], ['no answer', { hangs: true }, 'TIMEOUT']] as const)('with %s is tried again, as the same notification', async (_, manners, code) => {
    Object.assign(hook.manners, manners)
    own = [DOWN]
    const one = aWatch()
    await look(one)
    expect((await open())[0]!.told.find(({ way }) => way === 'webhook')).toMatchObject({ tries: 1, lastCode: code })
    Object.assign(hook.manners, { status: 204, hangs: false })
    later(MINUTE)
    await look(one)
    const [first, second] = hook.posts.map(({ body }) => (JSON.parse(body) as { id: string }).id)
    expect(second).toBe(first)
    expect(one.lines.join('')).not.toContain('hidden')
  })

  test('that asks to be left alone for a year is asked again after an hour', async () => {
    Object.assign(hook.manners, { status: 503, retryAfter: 31_536_000 })
    own = [DOWN]
    const one = aWatch()
    await look(one)
    Object.assign(hook.manners, { status: 204 })
    later(61 * MINUTE)
    await look(one)
    expect(hook.posts).toHaveLength(2)
  })

  test('that asks to be left alone is left alone for as long', async () => {
    Object.assign(hook.manners, { status: 429, retryAfter: 600 })
    own = [DOWN]
    const one = aWatch()
    await look(one)
    hook.manners.status = 204
    later(9 * MINUTE)
    await look(one)
    expect(hook.posts).toHaveLength(1)
    later(2 * MINUTE)
    await look(one)
    expect(hook.posts).toHaveLength(2)
  })
})

describe('what it sees', () => {
  const kinds = async () => (await open()).map(({ kind, thing, count }) => [kind, thing, ...(count === undefined ? [] : [count])])

  test('a feed that has been silent for working hours, and neither for a night nor while a person has stopped it', async () => {
    const { 'rio-http': feed } = place.policy.feeds
    place.clock.at = new Date('2026-11-20T16:00:00.000Z')
    await place.upload({ documentId: 'S-1', documentType: 'MH DO NOT share with patient' })
    await place.pool.query('update receipts set received_at = $1', ['2026-11-20T16:00:00.000Z'])
    // Its first look begins by itself.
    const one = aWatch({ policy: () => ({ ...place.policy, feeds: { 'rio-http': { ...feed!, alert_if_silent: { working_hours: 4 } } } }) })
    // Friday at four: an hour that day, the weekend, and three on Monday.
    place.clock.at = new Date('2026-11-23T11:59:00.000Z')
    await look(one)
    expect(await kinds()).toEqual([])
    later(2 * MINUTE)
    await look(one)
    expect(await kinds()).toEqual([['feed-silent', 'rio-http']])
    await place.ledger.haltChannel('rio-http', 'paused', 'jane', 'RiO is being upgraded', iso())
    later(MINUTE)
    await look(one)
    later(15 * MINUTE)
    await look(one)
    expect(await kinds()).toEqual([])
    // Started on Tuesday at ten: what was paused was not silent.
    place.clock.at = new Date('2026-11-24T10:00:00.000Z')
    await place.ledger.startChannel('rio-http', 'jane', 'done', iso())
    later(4 * HOUR - MINUTE)
    await look(one)
    expect(await kinds()).toEqual([])
    later(2 * MINUTE)
    await look(one)
    expect(await kinds()).toEqual([['feed-silent', 'rio-http']])
  })

  test('a feed that RiO still sends by, where another feed has brought the documents since', async () => {
    const { 'rio-http': feed } = place.policy.feeds
    await place.upload({ documentId: 'S-2' })
    await place.pool.query("update documents set feed = 'rio-mllp'")
    await place.pool.query('update receipts set received_at = $1', [iso()])
    const one = aWatch({ policy: () => ({ ...place.policy, feeds: { 'rio-http': { ...feed!, alert_if_silent: { working_hours: 4 } } } }) })
    later(HOUR)
    await look(one)
    expect(await kinds()).toEqual([])
  })

  test('a destination that is away, and not one that a person has paused', async () => {
    const one = aWatch()
    own = [{ kind: 'destination-away', thing: 'print' }, { kind: 'destination-away', thing: 'pkb' }]
    await place.ledger.haltChannel('pkb', 'paused', 'jane', 'PKB is being upgraded', iso())
    for (let n = 0; n < 17; n += 1) { later(MINUTE); await look(one) }
    expect(await kinds()).toEqual([['destination-away', 'print']])
  })

  test('deliveries that wait for too long, unless a stop or a destination that is away explains it', async () => {
    const one = aWatch()
    await place.upload({ documentId: 'Q-1' })
    later(2 * HOUR - MINUTE)
    await look(one)
    expect(await kinds()).toEqual([])
    const stop = (await place.ledger.pullStop({ scope: 'code', value: 'CLIN' }, 'duty', 'a drill', iso()))!
    later(2 * MINUTE)
    await look(one)
    expect(await kinds()).toEqual([])
    await place.ledger.liftStop(stop.id, 'duty', 'over', iso())
    await look(one)
    expect(await kinds()).toEqual([['queue-age', 'pkb', 1]])
    own = [{ kind: 'destination-away', thing: 'pkb' }]
    for (let n = 0; n < 20; n += 1) { later(MINUTE); await look(one) }
    expect(await kinds()).toEqual([['destination-away', 'pkb']])
  })

  test('a queue that takes nothing for five minutes, and not what waits behind it', async () => {
    const one = aWatch()
    await place.upload({ documentId: 'Q-1' })
    later(3 * HOUR)
    own = [{ kind: 'queue-away', thing: 'queue' }]
    for (let n = 0; n < 5; n += 1) { await look(one); expect(await kinds()).toEqual([]); later(MINUTE) }
    await look(one)
    expect(await kinds()).toEqual([['queue-away', 'queue']])
  })

  test('documents that were refused, by what refused them, and nobody’s that is tried again by itself', async () => {
    const one = aWatch()
    const ids = await Promise.all(['F-1', 'F-2', 'F-3'].map(async (documentId) => (await place.upload({ documentId })).id))
    for (const id of ids.slice(0, 2)) await work(place, id, 'pkb', { kind: 'refused', code: '422', detail: 'DocumentReference.type' })
    await work(place, ids[2]!, 'pkb', { kind: 'unavailable', code: '503', detail: '' })
    await look(one)
    const { groups } = await place.ledger.failures(iso())
    expect(await kinds()).toEqual([['failures', groups.find(({ cause }) => cause === 'refused')!.key, 2]])
    expect(subjects()).toEqual(['Openletter: open: Documents wait for a person after a refusal: pkb, 422'])
  })

  test('a destination that refuses the engine', async () => {
    const one = aWatch()
    const { id } = await place.upload({ documentId: 'A-1' })
    await work(place, id, 'pkb', { kind: 'forbidden', code: '403', detail: '' })
    own = [{ kind: 'destination-away', thing: 'pkb' }]
    await look(one)
    later(20 * MINUTE)
    await look(one)
    expect(await kinds()).toEqual([['destination-forbidden', 'pkb', 1]])
  })

  test('a recall that is not done, and one that came too late, which a person closes', async () => {
    const one = aWatch()
    const { id } = await place.upload({ documentId: 'R-1' })
    await work(place, id, 'pkb')
    later(10)
    await place.ledger.saveReads([{ identifier: (await place.ledger.story(id))!.deliveries[0]!.identifier, at: iso() }], iso())
    await place.ledger.hold(id, 'duty', 'sent in error', iso())
    later(2 * MINUTE)
    await look(one)
    expect(await kinds()).toEqual([['recall-open', 'pkb', 1]])
    await work(place, id, 'pkb')
    for (const minutes of [1, 15]) { later(minutes * MINUTE); await look(one) }
    expect((await kinds()).map(([kind]) => kind)).toEqual(['recalled-late'])
    const [late] = await open()
    expect(late).toMatchObject({ thing: 'pkb', count: 1 })
    await place.ledger.takeIncident(late!.id, 'jane (pages)', 'the patient was rung', iso())
    for (const hours of [1, 30]) { later(hours * HOUR); await look(one) }
    expect(await kinds()).toEqual([])
    expect((await place.ledger.incidents(10)).resolved.filter(({ kind }) => kind === 'recalled-late')).toHaveLength(1)
  })

  /** Letters that the patient had read when they were taken back. */
  const readAndTakenBack = async (from: number, to: number): Promise<void> => {
    const ids = []
    for (let n = from; n <= to; n += 1) ids.push((await place.upload({ documentId: `L-${n}` })).id)
    for (const id of ids) await work(place, id, 'pkb')
    later(10)
    for (const id of ids) await place.ledger.saveReads([{ identifier: (await place.ledger.story(id))!.deliveries[0]!.identifier, at: iso() }], iso())
    for (const id of ids) await place.ledger.hold(id, 'duty', 'sent in error', iso())
    for (const id of ids) await work(place, id, 'pkb')
    later(MINUTE)
  }

  test('a mass of letters that were taken back too late: one alert, told again when there are ten times as many, and of which a person closes what it held', async () => {
    const one = aWatch()
    await readAndTakenBack(1, 3)
    await look(one)
    expect(await kinds()).toEqual([['recalled-late', 'pkb', 3]])
    expect(mail.letters[0]!.raw).toContain('3 documents')
    expect(subjects()).toEqual(['Openletter: open: Letters were taken back too late: read at pkb'])
    expect(posted()).toMatchObject([{ type: 'alert.opened', link: 'https://console.example/recalls#late', alert: { count: 3 } }])
    await readAndTakenBack(4, 29)
    await look(one)
    expect([await kinds(), subjects()]).toEqual([[['recalled-late', 'pkb', 29]], []])
    await readAndTakenBack(30, 31)
    await look(one)
    await look(one)
    expect(subjects()).toEqual(['Openletter: ten times as many: Letters were taken back too late: read at pkb'])
    expect(posted()).toMatchObject([{ type: 'alert.grown', alert: { count: 31 } }])
    const [first] = await open()
    await place.ledger.takeIncident(first!.id, 'jane (pages)', 'the patients were rung', iso())
    await look(one)
    expect(await kinds()).toEqual([])
    // A letter of which jane did not know is another alert, and of that letter alone.
    await readAndTakenBack(32, 32)
    await look(one)
    expect([await kinds(), subjects()]).toEqual([[['recalled-late', 'pkb', 1]], ['Openletter: open: Letters were taken back too late: read at pkb']])
    expect((await open())[0]!.id).not.toBe(first!.id)
  })

  test('a mass of deliveries that the second key blocks is one alert for each reason, and so is a mass of recalls', async () => {
    const one = aWatch()
    const ids = []
    for (let n = 1; n <= 24; n += 1) ids.push((await place.upload({ documentId: `B-${n}` })).id)
    for (const id of ids.slice(12)) await work(place, id, 'pkb')
    for (const [n, id] of ids.slice(0, 12).entries()) {
      const lock = (await place.ledger.lock(id, 'pkb'))!
      await lock.begin(({ deliveries }) => ({ step: { do: 'block', deliveryId: deliveries[0]!.id, code: 'SECOND_KEY', detail: n % 2 === 0 ? 'F2: The code in the name is blocked.' : 'F7: Its patient is not known.' } }), iso())
      await lock.release()
    }
    for (const id of ids.slice(12)) await place.ledger.hold(id, 'duty', 'sent in error', iso())
    later(2 * MINUTE)
    await look(one)
    expect((await open()).map(({ kind, about, count }) => [kind, about, count]).toSorted()).toEqual([['recall-open', 'pkb', 12], ['second-key', 'pkb, SECOND_KEY F2', 6], ['second-key', 'pkb, SECOND_KEY F7', 6]])
    expect(subjects()).toEqual(['Openletter: 3 open'])
  })

  test('documents that wait too long for a person, a refused policy, and a sign-off whose review is overdue', async () => {
    const { newham } = place.policy.directorates
    const one = aWatch({ policy: () => ({ ...place.policy, feeds: {}, directorates: { newham: { ...newham!, review_by: '2026-11-22' } } }) })
    reviews = [{ reason: 'code', about: 'Code not listed', since: '2026-11-10T10:00:00.000Z', count: 3 }]
    own = [{ kind: 'policy-refused', thing: 'channels and mappings' }]
    await look(one)
    expect((await kinds()).toSorted()).toEqual([['policy-refused', 'channels and mappings'], ['review-waiting', 'code', 3], ['sign-off-overdue', 'newham']])
  })
})

test('of two processes one judges, and each says what is wrong with itself', async () => {
  const other = await place.another()
  const [first, second] = [aWatch({ own: async () => [DOWN] }), aWatch({ ledger: other.ledger, own: async () => [{ kind: 'feed-down', thing: 'rio-http' }] })]
  await Promise.all([look(first), look(second)])
  await Promise.all([look(first), look(second)])
  expect((await open()).map(({ thing }) => thing).toSorted()).toEqual(['rio-http', 'rio-mllp'])
  const told = posted()
  expect(told.map(({ alert }) => alert['about']).toSorted()).toEqual(['rio-http', 'rio-mllp'])
  // The one that watched goes: the other goes on where it was, and tells nothing twice.
  await first.watch.close()
  later(MINUTE)
  await look(second)
  expect([posted(), (await open()).length]).toEqual([[], 2])
  await second.watch.close()
  await other.close()
})

test('a process that watches and has nobody to tell leaves that to one that has', async () => {
  const other = await place.another()
  const watching = aWatch({ own: async () => [DOWN], settings: {} })
  await look(watching)
  own = []
  const telling = aWatch({ ledger: other.ledger })
  await look(telling)
  later(MINUTE)
  await place.ledger.report([{ kind: 'feed-down', thing: 'rio-http' }], iso())
  await look(telling)
  await look(watching)
  await look(telling)
  expect(posted().map(({ alert }) => alert['about'])).toEqual(['rio-http'])
  expect(subjects()).toEqual(['Openletter: open: A feed is down: rio-http'])
  for (const { watch } of [watching, telling]) await watch.close()
  await other.close()
})

test('a webhook that hangs does not keep the watch from looking', async () => {
  const held = Promise.withResolvers<{ told: readonly string[] }>()
  let tells = 0
  const one = aWatch({ ways: { ways: ['webhook'], tell: () => { tells += 1; return held.promise } }, everyMs: 20 })
  own = [DOWN]
  await until('it is being told', () => tells > 0)
  own = [DOWN, { kind: 'disk-full', thing: 'DATA_DIR' }]
  await until('what is wrong since is open', async () => (await open()).length === 2)
  expect(tells).toBe(1)
  held.resolve({ told: [] })
  await one.watch.close()
})

test('a watch that comes to nothing says so', async () => {
  const one = aWatch()
  await look(one)
  expect(one.watch.failing()).toBe(false)
  const broken = aWatch({ ledger: { ...place.ledger, failures: () => Promise.reject(new Error('too slow')) } })
  await one.watch.close()
  await look(broken)
  expect(broken.watch.failing()).toBe(true)
  await broken.watch.close()
  const blind = aWatch({ ledger: { ...place.ledger, recalls: () => Promise.reject(new Error('too slow')) } })
  await look(blind)
  expect(blind.watch.failing()).toBe(true)
})

test('a hundred judgements at once open an incident once', async () => {
  const judged = await Promise.all(Array.from({ length: 20 }, () => place.ledger.judgeIncidents([{ ...DOWN, about: 'x', since: iso() }], (known) => (known.length === 0 ? [{ do: 'open', wrong: { ...DOWN, about: 'x', since: iso() } }] : []), ['email'], iso())))
  expect(judged.filter((changes) => (changes?.length ?? 0) > 0)).toHaveLength(1)
  expect(await open()).toHaveLength(1)
})

test('what comes to an alert in the moment in which a person closes it is not closed with it', async () => {
  const late = (id: string) => ({ kind: 'recalled-late', thing: 'pkb', about: 'read at pkb', since: iso(), count: 1, members: [{ id, since: iso() }] }) as const
  const [known, another] = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002']
  await place.ledger.judgeIncidents([late(known)], () => [{ do: 'open', wrong: late(known) }], [], iso())
  const { id } = (await open())[0]!
  await place.ledger.takeIncident(id, 'jane (pages)', 'the patient was rung', iso())
  await place.ledger.judgeIncidents([late(another)], () => [{ do: 'still', id, wrong: late(another), remind: false, grown: false }], [], iso())
  for (const letter of [known, another]) await place.ledger.judgeIncidents([late(letter)], (all, wrong) => judge(wrong, all, iso()), [], iso())
  expect(await open()).toMatchObject([{ kind: 'recalled-late', count: 1 }])
  expect((await place.pool.query('select member from incident_members m join incidents i on i.id = m.incident_id where i.resolved_at is null')).rows).toEqual([{ member: another }])
})

test('of many processes that look for what is due at once, one tells it', async () => {
  await place.ledger.judgeIncidents([{ ...DOWN, about: 'x', since: iso() }], () => [{ do: 'open', wrong: { ...DOWN, about: 'x', since: iso() } }], ['email'], iso())
  const until = new Date(place.clock.at.getTime() + 60_000).toISOString()
  const taken = await Promise.all(Array.from({ length: 20 }, () => place.ledger.notificationsDue(['email'], iso(), until, 10)))
  expect(taken.flat()).toHaveLength(1)
  expect(await place.ledger.notificationsDue(['webhook'], until, until, 10)).toEqual([])
})

test('what was put off by a clock that was put back since is told now, and not at that time', async () => {
  await place.ledger.judgeIncidents([{ ...DOWN, about: 'x', since: iso() }], () => [{ do: 'open', wrong: { ...DOWN, about: 'x', since: iso() } }], ['email'], iso())
  const ahead = (secs: number): string => new Date(place.clock.at.getTime() + secs * 1000).toISOString()
  const [one] = await place.ledger.notificationsDue(['email'], iso(), ahead(60), 10)
  await place.ledger.notNotified([one!.id], 'ETIMEDOUT', ahead(3_600))
  expect(await place.ledger.notificationsDue(['email'], iso(), ahead(60), 10)).toEqual([])
  await place.ledger.notNotified([one!.id], 'ETIMEDOUT', ahead(6 * 3_600))
  expect(await place.ledger.notificationsDue(['email'], iso(), ahead(60), 10)).toMatchObject([{ id: one!.id }])
})

test('nothing that identifies a patient or a document is in any mail, webhook or log', async () => {
  const one = aWatch()
  const secrets = [ADA.nhsNumber, ADA.family, ADA.given, 'RIO-SECRET', 'garden', '1 High Street', 'C1']
  const { id } = await place.upload({ documentId: 'RIO-SECRET', name: 'CLIN Letter about the garden.pdf' })
  await work(place, id, 'pkb', { kind: 'refused', code: '422', detail: 'Example Ada RIO-SECRET' })
  own = [DOWN]
  await look(one)
  later(5 * HOUR)
  await look(one)
  const all = [...mail.letters.map(({ raw }) => raw), ...hook.posts.map(({ body }) => body), ...one.lines].join('\n')
  expect(mail.letters.length).toBeGreaterThan(1)
  for (const secret of [...secrets, id]) expect([secret, new RegExp(`\\b${secret}\\b`, 'u').test(all)]).toEqual([secret, false])
})

test('where no way is set, incidents are there all the same', async () => {
  own = [DOWN]
  const one = aWatch({ settings: {} })
  await look(one)
  expect(await open()).toMatchObject([{ kind: 'feed-down', told: [] }])
})

describe('settings', () => {
  test.each([
    [{ SMTP_URL: 'smtp://u:p@127.0.0.1?logger=true&debug=true', ALERT_EMAIL_FROM: 'a@b.example' }, 'SMTP_URL asks for a log'],
    [{ SMTP_URL: 'smtp://127.0.0.1' }, 'SMTP_URL and ALERT_EMAIL_FROM belong together'],
    [{ ALERT_EMAIL_TO: 'a@b.example' }, 'ALERT_EMAIL_TO needs SMTP_URL'],
    [{ SMTP_URL: 'http://127.0.0.1', ALERT_EMAIL_FROM: 'a@b.example' }, 'SMTP_URL is an address such as'],
    [{ SMTP_URL: 'smtp://127.0.0.1', ALERT_EMAIL_FROM: 'nobody' }, 'ALERT_EMAIL_FROM is one mail address'],
    [{ SMTP_URL: 'smtp://127.0.0.1', ALERT_EMAIL_FROM: 'a@b.example', ALERT_EMAIL_TO: 'a@b.example; c@d.example' }, 'with commas in between'],
    [{ ALERT_WEBHOOK_URL: 'https://hook.example' }, 'ALERT_WEBHOOK_SECRET belong together'],
    [{ ALERT_WEBHOOK_URL: 'https://hook.example', ALERT_WEBHOOK_SECRET: 'short' }, 'at least 16 characters'],
    [{ CONSOLE_URL: 'console.example' }, 'CONSOLE_URL is the address of the pages'],
  ])('%j are refused', (settings, says) => { expect(() => openAlertWays(settings, { now: () => new Date(0) })).toThrow(says) })
})

test('a test goes out by each way and says what happened', async () => {
  const ways = openAlertWays(SETTINGS(), { now: () => place.clock.at, withinMs: 300 })
  expect(await ways.test()).toEqual([{ way: 'email', ok: true }, { way: 'webhook', ok: true }])
  expect([subjects(), posted()]).toMatchObject([['Openletter: test'], [{ type: 'alert.test' }]])
  mail.manners.refused = ['duty@trust.example']
  hook.manners.status = 401
  expect(await ways.test()).toEqual([{ way: 'email', ok: false, code: 'SOME_REFUSED' }, { way: 'webhook', ok: false, code: '401' }])
  ways.close()
})
