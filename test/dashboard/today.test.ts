// The first page and its JSON, over a real ledger: what needs a person, numbers that lead to what is behind them, charts.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { XMLSerializer, DOMParser, type Element } from '@xmldom/xmldom'
import { askedAt, todayOf, type Today } from '../../src/dashboard/today/today-numbers.ts'
import { byHour } from '../../src/dashboard/today/charts/by-hour.ts'
import { chartsOf } from '../../src/dashboard/today/today-view.ts'
import { todayTold } from '../../src/dashboard/today/today-told.ts'
import { REVIEW_REASONS, type ReviewReason } from '../../src/decide/review-reason.ts'
import { startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { ADA } from '../support/documents.ts'
import { live } from '../support/flow.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'

const NOW = '2026-11-23T12:20:00.000Z'
let place: TestLedger
let open: TestDashboard
beforeAll(async () => {
  place = await aLedger()
  await live(place, '2026-11-01T12:00:00Z', 'withheld')
  for (const day of ['2026-11-02', '2026-11-09', '2026-11-16']) for (const hour of ['09', '10', '14']) await live(place, `${day}T${hour}:10:00Z`, 'shared')
  for (const fate of ['shared', 'shared', 'posted', 'withheld', 'review', 'failed'] as const) await live(place, '2026-11-23T09:30:00Z', fate)
  await live(place, '2026-11-22T23:30:00Z', 'waiting', { deliveredAt: NOW })
  await live(place, '2026-11-23T12:15:00Z', 'shared')
  await place.ledger.reject({ feed: 'rio-mllp', at: '2026-11-23T09:00:00.000Z', code: 'DOCUMENT_ID_MISSING', detail: 'TXA-12', skeleton: `PID|${ADA.nhsNumber}` })
  place.clock.at = new Date(NOW)
  open = await startDashboard({ ledger: place.ledger, policy: () => place.policy, now: () => place.clock.at })
})
afterAll(async () => {
  await open?.close()
  await place?.close()
})

const page = async (path: string) => {
  const answer = await fetch(open.url + path, { redirect: 'manual' })
  return { status: answer.status, html: await answer.text() }
}
const api = async (path: string) => {
  const answer = await open.api(path)
  return [answer.status, (await answer.json()) as Today & { needs: readonly { what: string; count: number }[]; documents: readonly object[]; refused: readonly object[] }] as const
}
const text = (html: string): string => html.replaceAll(/<[^>]*>/gu, ' ').replaceAll(/\s+/gu, ' ')

test('what needs a person comes first, with links; numbers of today follow, and name no patient', async () => {
  await place.ledger.noteStates('one', [{ destination: 'pkb', circuit: 'open', until: '2026-11-23T12:25:00.000Z', code: '503', since: NOW }], NOW)
  const { html } = await page('/')
  const says = text(html)
  expect(says.indexOf('Needs a person')).toBeLessThan(says.indexOf('What came in'))
  expect(says).toContain('1 delivery failed or blocked , for 2 hours.')
  expect(says).toContain('1 document waits for a person to decide')
  expect(says).toContain('Nothing is sent to Print: no worker has been heard of for over a minute')
  expect(says).not.toContain('Nothing is sent to PKB')
  expect(says).toContain('After 503. Next try at 12:25:00.')
  for (const href of ['/failed', '/reviews', '/reconciliation/documents?day=2026-11-23&amp;feed=rio-http&amp;column=received', '/today/behind?destination=pkb&amp;what=out', '/today/refused']) expect(html).toContain(`href="${href}"`)
  for (const secret of [ADA.nhsNumber, ADA.family, ADA.given]) expect(html).not.toContain(secret)
  expect(html).not.toMatch(/\sstyle=|\son[a-z]+=|<script(?! src="\/assets\/live-[0-9a-f]{12}\.js" defer><\/script>)/u)
})

test('each link of a number shows as many documents as the number says', async () => {
  const { html } = await page('/')
  const links = [...html.matchAll(/<a href="([^"]*)">([\d,]+)<\/a>/gu)].map(([, href = '', count = '']) => [href.replaceAll('&amp;', '&'), Number(count.replaceAll(',', ''))] as const)
  expect(links.length).toBeGreaterThan(8)
  for (const [href, count] of links) {
    const { searchParams, pathname } = new URL(href, open.url)
    if (pathname === '/reconciliation/documents') {
      const [status, { documents }] = await api(`/api${pathname}?${searchParams}`)
      expect([href, status, documents.length, (await page(href)).html.match(/<tr role="row" class="nhsuk-table__row">/gu)?.length]).toEqual([href, 200, count, count])
    } else {
      const { status, html: behind } = await page(href)
      expect([href, status, behind.match(/<tr role="row" class="nhsuk-table__row">/gu)?.length ?? 0]).toEqual([href, 200, count])
    }
  }
})

test('as JSON it is the same, as it is described', async () => {
  const [status, today] = await api('/api/today')
  expect(status).toBe(200)
  expect(todayTold.answer?.safeParse(today).error).toBeUndefined()
  expect(today.feeds.find(({ feed }) => feed === 'rio-http')).toMatchObject({ came: 7, stands: { delivered: 3, waiting: 1, withheld: 1, review: 1, failed: 1 } })
  expect(today.destinations.find(({ destination }) => destination === 'pkb')).toMatchObject({ today: { out: 3, failed: 1 }, waiting: 1, waitingSince: '2026-11-22T23:30:00.000Z', perMinute: 0.1, circuit: { circuit: 'open', code: '503' } })
  expect(today.soFar).toMatchObject({ hours: 12, in: 6, usualIn: 2, usualOut: 2 })
  expect(today.needs.map(({ what }) => what)).toEqual(['no-worker', 'failed', 'reviews'])
  expect((await api('/api/today/behind?destination=pkb&what=out'))[1].documents).toHaveLength(3)
  expect((await api('/api/today/refused'))[1]).toEqual({ refused: [{ at: '2026-11-23T09:00:00.000Z', feed: 'rio-mllp', code: 'DOCUMENT_ID_MISSING' }] })
  for (const path of ['/api/today?day=1', '/api/today/behind', '/api/today/behind?destination=pkb&what=in', '/api/today/behind?destination=pkb&what=out&x=1', `/api/today/behind?destination=${encodeURIComponent("x'; --")}&what=out`]) expect([path, (await api(path))[0]]).toEqual([path, 400])
})

describe('a chart', () => {
  const charts = async () => {
    const asked = askedAt(place.clock.at)
    return chartsOf(todayOf(await place.ledger.flow(asked), asked, { feeds: ['rio-http'], destinations: ['pkb', 'print'] }))
  }
  const parse = (svg: string): Element => {
    const wrong: string[] = []
    const parsed = new DOMParser({ onError: (_level, message) => { wrong.push(message) } }).parseFromString(svg, 'image/svg+xml')
    expect(wrong).toEqual([])
    return parsed.documentElement!
  }
  const all = (root: Element, name: string): readonly Element[] => [...Array(root.getElementsByTagName(name).length).keys()].map((n) => root.getElementsByTagName(name).item(n)!)

  test('is whole XML with a title and a description, and without styles or colours of its own', async () => {
    for (const { pictures, title, description } of await charts())
      for (const { svg } of pictures) {
        const root = parse(svg)
        expect([root.tagName, root.getAttribute('role'), all(root, 'title')[0]!.textContent, all(root, 'desc')[0]!.textContent]).toEqual(['svg', 'img', title, description])
        const ids = all(root, '*').map((one) => one.getAttribute('id')).filter((id) => id !== null && id !== '')
        for (const id of root.getAttribute('aria-labelledby')!.split(' ')) expect(ids).toContain(id)
        expect(svg).not.toMatch(/style=|NaN|undefined|Infinity|#[0-9a-f]{3,6}\b/iu)
        for (const fill of all(root, 'rect').map((one) => one.getAttribute('fill')).filter((one) => one?.startsWith('url('))) expect(ids).toContain(fill!.slice(5, -1))
      }
    const ids = (await charts()).flatMap(({ pictures }) => pictures.flatMap(({ svg }) => [...svg.matchAll(/ id="([^"]+)"/gu)].map(([, id]) => id)))
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('draws the numbers of its table', async () => {
    const [hoursIn, , days, ages] = await charts()
    const heightsOf = (svg: string, of: string) => all(parse(svg), 'rect').filter((one) => one.getAttribute('class') === of && !one.getAttribute('fill')?.includes('key')).map((one) => Number(one.getAttribute('height')))
    for (const { svg } of hoursIn!.pictures) {
      const bars = heightsOf(svg, 'ol-chart__bar')
      const counts = hoursIn!.table.rows.map((row) => Number(row[1])).filter((count) => count > 0)
      expect(bars.length).toBe(counts.length)
      const unit = bars[0]! / counts[0]!
      bars.forEach((height, n) => expect(height / unit).toBeCloseTo(counts[n]!, 1))
    }
    for (const { svg } of days!.pictures) {
      // The key has a square of sixteen for each part.
      const stacked = all(parse(svg), 'rect').filter((one) => one.getAttribute('class') === 'ol-chart__part' && one.getAttribute('width') !== '16').reduce((sum, one) => sum + Number(one.getAttribute('height')), 0)
      const total = days!.table.rows.reduce((sum, row) => sum + Number(row[1]), 0)
      const today = all(parse(svg), 'rect').filter((one) => one.getAttribute('class') === 'ol-chart__part' && one.getAttribute('width') !== '16')
      const last = Math.max(...today.map((one) => Number(one.getAttribute('x'))))
      const lastHeight = today.filter((one) => Number(one.getAttribute('x')) === last).reduce((sum, one) => sum + Number(one.getAttribute('height')), 0)
      expect(stacked / lastHeight).toBeCloseTo(total / Number(days!.table.rows.at(-1)![1]), 1)
      for (const row of days!.table.rows) expect(row.slice(2).reduce<number>((sum, one) => sum + Number(one), 0)).toBe(row[1])
    }
    for (const { svg } of ages!.pictures) for (const [band, count] of ages!.table.rows) for (const word of [band, count]) expect(all(parse(svg), 'text').map((one) => one.textContent)).toContain(String(word))
  })

  test('has its numbers in the page as a table, and says the usual in words', async () => {
    const { html } = await page('/')
    for (const { title, description, table } of await charts()) {
      expect(html).toContain(`The numbers: ${title}`)
      expect(html).toContain(description)
      for (const row of table.rows) expect(html).toContain(`<th class="nhsuk-table__header" scope="row">${row[0]}</th>${row.slice(1).map((one) => `<td class="nhsuk-table__cell">${one}</td>`).join('')}`)
    }
    expect(text(html)).toContain('By 12:00, 6 uploads came in. Usual for a Monday: 2, the middle of the last 3.')
  })

  test('of nothing is a chart too', () => {
    const asked = askedAt(place.clock.at)
    for (const { pictures } of chartsOf(todayOf({ moved: [], lately: [], days: [], cameIn: [], refused: [], waiting: [], trouble: [], review: { count: 0 }, states: [] }, asked, { feeds: [], destinations: [] })))
      for (const { svg } of pictures) expect(new XMLSerializer().serializeToString(parse(svg))).not.toMatch(/NaN|Infinity/u)
  })

  test('of a million, of one and of nothing keeps its words inside', () => {
    for (const count of [0, 1, 999, 9_999, 1_000_000]) for (const { svg } of byHour({ id: 'x', title: 't', description: 'd', head: 'In', hours: [{ label: '00', count }, { label: '01', count: 0 }], usual: 'usual Monday' }).pictures)
      for (const word of all(parse(svg), 'text').filter((one) => one.getAttribute('text-anchor') === 'end')) expect([count, word.textContent, word.textContent!.length * 7 <= Number(word.getAttribute('x'))]).toEqual([count, word.textContent, true])
  })

  test('escapes whatever is written in it', async () => {
    const { byAge } = await import('../../src/dashboard/today/charts/by-age.ts')
    const { pictures } = byAge({ id: 'x', title: '<script>"&', description: "it's <b>", destinations: [], ages: [{ text: '</text><script/>', count: 1, counts: [], old: false }] })
    for (const { svg } of pictures) {
      expect(parse(svg).getElementsByTagName('script').length).toBe(0)
      expect(all(parse(svg), 'title')[0]!.textContent).toBe('<script>"&')
    }
  })
})

test('what a person has paused says so, needs a person, and drains nobody knows when', async () => {
  await place.ledger.noteStates('one', [{ destination: 'pkb', circuit: 'closed', since: NOW }], NOW)
  expect((await api('/api/today'))[1].destinations.find(({ destination }) => destination === 'pkb')?.drainMinutes).toBe(10)
  await place.ledger.haltChannel('pkb', 'paused', 'duty', 'PKB asked for it', NOW)
  try {
    const [, today] = await api('/api/today')
    expect(today.destinations.find(({ destination }) => destination === 'pkb')).toMatchObject({ halted: 'paused', circuit: { circuit: 'closed' } })
    expect(today.destinations.find(({ destination }) => destination === 'pkb')?.drainMinutes).toBeUndefined()
    expect(today.needs[0]).toMatchObject({ what: 'halted', since: NOW })
    const { html } = await page('/')
    expect(text(html)).toContain('pkb is paused , for less than a minute. See who did that, and why')
    expect(text(html)).toMatch(/PKB record +Circuit +Paused +By a person\./u)
  } finally {
    await place.ledger.startChannel('pkb', 'duty', 'over', NOW)
  }
})

test('in the first hour of a day nothing is said of a usual that is known', () => {
  const asked = askedAt(new Date('2026-11-23T00:10:00Z'))
  const at = (hour: string) => ({ hour, channel: 'rio-http', what: 'in' as const, count: 4 })
  const today = todayOf({ begins: '2026-10-01T00:00:00.000Z', moved: ['2026-11-09', '2026-11-16'].map((day) => at(`${day}T00:00:00.000Z`)), lately: [], days: [], cameIn: [], refused: [], waiting: [], trouble: [], review: { count: 0 }, states: [] }, asked, { feeds: [], destinations: [] })
  expect([today.like, chartsOf(today)[0]!.description]).toEqual([4, 'The first hour of the day is not over.'])
})

test('no two pages give two numbers: of the queue for people, and of what a destination got and what waits for it', async () => {
  const id = await live(place, '2026-11-23T11:00:00Z', 'waiting', { deliveredAt: NOW })
  await live(place, '2026-11-23T11:05:00Z', 'taken-back', { deliveredAt: NOW })
  const lock = (await place.ledger.lock(id, 'pkb'))!
  // What the last check refuses has another state than review, and waits for a person none the less.
  await lock.begin(({ deliveries }) => ({ step: { do: 'block', deliveryId: deliveries[0]!.id, code: 'SECOND_KEY', detail: 'The file is not there.' } }) as never, NOW)
  await lock.release()
  const [, today] = await api('/api/today')
  const { reasons } = (await (await open.api('/api/reviews')).json()) as { readonly reasons: readonly { readonly documents: number; readonly oldestSince: string }[] }
  expect(today.needs.find(({ what }) => what === 'reviews')).toMatchObject({ count: 2, since: '2026-11-23T09:30:00.000Z' })
  expect(reasons.reduce((sum, { documents }) => sum + documents, 0)).toBe(2)
  const pkb = today.destinations.find(({ destination }) => destination === 'pkb')!
  const { channels } = (await (await open.api('/api/channels')).json()) as { readonly channels: readonly { readonly name: string; readonly today: number; readonly waiting?: number }[] }
  expect(channels.find(({ name }) => name === 'pkb')).toMatchObject({ today: pkb.today.out, waiting: pkb.waiting })
  const { html } = await page('/channels')
  for (const href of ['/today/behind?destination=pkb&amp;what=out', '/today/behind?destination=pkb&amp;what=waiting', '/documents?feed=rio-http&amp;since=2026-11-23']) expect(html).toContain(`href="${href}"`)
})

test('documents that wait are late by the limits of the policy in force', async () => {
  const lateWith = async (within: string) => {
    const row = { owner: 'Duty analyst', within, approved_by: 'Director of Operations', approved_on: '2026-10-01' }
    const reviewLimits = Object.fromEntries((Object.keys(REVIEW_REASONS) as readonly ReviewReason[]).map((reason) => [reason, { reason, ...row }]))
    const other = await startDashboard({ ledger: place.ledger, policy: () => ({ ...place.policy, reviewLimits }), now: () => new Date(NOW) })
    try {
      const { needs } = (await (await other.api('/api/today')).json()) as { readonly needs: readonly { readonly what: string; readonly late?: number }[] }
      return needs.find(({ what }) => what === 'reviews')?.late
    } finally {
      await other.close()
    }
  }
  // Since half past nine, and it is twenty past twelve.
  expect(await lateWith('3 working hours')).toBeUndefined()
  expect(await lateWith('2 working hours')).toBeGreaterThan(0)
})

test('where nothing needs a person the page says so', async () => {
  const empty = await startDashboard({ ledger: { ...place.ledger, reviews: async () => ({ groups: [], rows: [] }), flow: async () => ({ moved: [], lately: [], days: [], cameIn: [], refused: [], waiting: [], trouble: [], review: { count: 0 }, states: ['pkb', 'print'].map((destination) => ({ process: 'one', destination, circuit: 'closed' as const, since: NOW })) }) } })
  try {
    expect(text(await (await fetch(empty.url)).text())).toContain('Nothing needs a person now.')
  } finally {
    await empty.close()
  }
})
