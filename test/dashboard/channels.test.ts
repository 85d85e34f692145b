// The channels on the pages and in the API, over a real ledger and real files.
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { ChannelNow } from '../../src/dashboard/channels/channel-states.ts'
import { channels as channelsShape, filesNow as filesShape, oneChannel } from '../../src/dashboard/channels/shapes-channels.ts'
import type { ChannelReport } from '../../src/ledger/channel-words.ts'
import { aDesk, type TestDesk } from '../support/channels.ts'
import { formOf, formTokenIn, signedInAs, startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { aReceipt } from '../support/documents.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'
import { aPolicyFolder, type PolicyFolder } from '../support/policy-folder.ts'
import { uuid } from '../support/story.ts'

let place: TestLedger
let files: PolicyFolder
let desk: TestDesk
let open: TestDashboard
let viewer: TestDashboard
beforeAll(async () => {
  place = await aLedger()
  files = aPolicyFolder()
  desk = await aDesk(files.settings, () => place.clock.at)
  const parts = { ledger: place.ledger, policy: () => desk.inForce().policy, channels: desk.channels, tryIt: desk.tryIt, now: () => place.clock.at }
  open = await startDashboard({ ...parts, visitors: signedInAs('analyst') })
  viewer = await startDashboard({ ...parts, visitors: signedInAs('viewer') })
})
afterAll(async () => {
  await open?.close()
  await viewer?.close()
  await place?.close()
  files?.remove()
})
afterEach(async () => {
  files.restore()
  desk.asked.length = 0
  for (const { channel } of await place.ledger.haltedChannels()) await place.ledger.startChannel(channel, 'test', 'over', iso())
  await place.pool.query('delete from channel_reports')
})

const iso = (): string => place.clock.at.toISOString()
const ALL: readonly ChannelReport[] = [
  { channel: 'rio-mllp', is: 'running', address: 'mllp://127.0.0.1:2575' }, { channel: 'rio-http', is: 'running' }, { channel: 'rio-folder', is: 'running' }, { channel: 'pkb', is: 'running' }, { channel: 'print', is: 'running' },
]
const saying = (...changed: readonly ChannelReport[]): Promise<void> => place.ledger.reportChannels(uuid(1), ALL.map((one) => changed.find(({ channel }) => channel === one.channel) ?? one), iso())
const page = async (path: string, init?: RequestInit, at = open) => {
  const answer = await fetch(at.url + path, init)
  return { status: answer.status, location: answer.headers.get('location'), html: await answer.text() }
}
const token = async (): Promise<string> => formTokenIn((await page('/channels')).html)
const api = async <T = Record<string, unknown>>(path: string, body?: unknown): Promise<readonly [number, T]> => {
  const answer = await open.api(path, body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  return [answer.status, (await answer.json()) as T]
}
const states = async (): Promise<Record<string, string>> => Object.fromEntries((await api<{ channels: readonly ChannelNow[] }>('/api/channels'))[1].channels.map(({ name, state }) => [name, state]))
const REASON = { reason: 'RiO is being upgraded' }

describe('what a channel does', () => {
  test('is running where a process says so, and nobody knows where none does', async () => {
    expect(await states()).toEqual({ 'rio-mllp': 'alone', 'rio-http': 'alone', 'rio-folder': 'alone', pkb: 'alone', print: 'alone', withhold: 'running' })
    await saying()
    expect(await states()).toEqual({ 'rio-mllp': 'running', 'rio-http': 'running', 'rio-folder': 'running', pkb: 'running', print: 'running', withhold: 'running' })
    place.clock.at = new Date(place.clock.at.getTime() + 20_000)
    expect((await states())['rio-mllp']).toBe('alone')
  })

  test('is told with why it is down, and until when a destination is left alone', async () => {
    await saying({ channel: 'rio-mllp', is: 'down', why: 'Feed rio-mllp cannot listen on 127.0.0.1:2575: something else does.' })
    await place.ledger.noteStates(uuid(1), [{ destination: 'pkb', circuit: 'open', until: '2026-11-23T10:05:00.000Z', code: '503', since: iso() }], iso())
    // Of a process that says nothing of the channel any more.
    await place.ledger.noteStates(uuid(3), [{ destination: 'print', circuit: 'open', until: '2026-11-23T10:05:00.000Z', since: iso() }], iso())
    expect(await states()).toMatchObject({ 'rio-mllp': 'down', pkb: 'circuit-open', print: 'running' })
    const { html } = await page('/channels')
    for (const text of ['something else does', 'It is tried again at 23 Nov 2026, 10:05:00', 'HL7 over MLLP', 'Patients Know Best']) expect(html).toContain(text)
  })

  test('one process of two that is down is not hidden by the other', async () => {
    await saying()
    await place.ledger.reportChannels(uuid(2), [{ channel: 'rio-mllp', is: 'down', why: 'The port is in use.' }], iso())
    expect((await states())['rio-mllp']).toBe('down')
  })

  test('counts what came and went since midnight in London', async () => {
    for (const documentId of ['CHN-1', 'CHN-2']) await place.upload({ documentId }, { receipt: { ...aReceipt({ documentId }), receivedAt: iso() } })
    await place.upload({ documentId: 'CHN-3' })
    const [, { channels }] = await api<{ channels: readonly ChannelNow[] }>('/api/channels')
    const feed = channels.find(({ name }) => name === 'rio-http')!
    expect([feed.today, feed.last]).toEqual([2, expect.any(String)])
    expect(channels.find(({ name }) => name === 'pkb')).toMatchObject({ today: 0, waiting: 3 })
    expect((await page('/channels')).html).toContain('/documents?feed=rio-http')
  })

  test('holds no secret, and shows settings by their names', async () => {
    const [, one] = await api<{ texts: readonly { file: string; text: string }[] }>('/api/channels/rio-http')
    expect(one.texts.map(({ file }) => file)).toEqual(['channels/rio-http.yaml', 'mappings/rio-upload.yaml'])
    expect(one.texts[0]!.text).toContain('token: ${RIO_HTTP_TOKEN}')
    for (const path of ['/channels', '/channels/rio-http', '/channels/pkb']) expect((await page(path)).html).not.toMatch(/feed-token-for-tests|>sandbox</u)
  })

  test('is as its shape says', async () => {
    await saying()
    await place.ledger.haltChannel('rio-mllp', 'stopped', 'duty', 'a drill', iso())
    expect(channelsShape.safeParse((await api('/api/channels'))[1]).error).toBeUndefined()
    expect(oneChannel.safeParse((await api('/api/channels/rio-mllp'))[1]).error).toBeUndefined()
    expect(filesShape.safeParse((await api('/api/policy/check', {}))[1]).error).toBeUndefined()
    expect((await api('/api/channels/nowhere'))[0]).toBe(404)
  })
})

describe('pause, stop and start', () => {
  test('on the page, with a reason that stands on every page while it lasts', async () => {
    const paused = await page('/channels/rio-mllp/pause', formOf({ formToken: await token(), ...REASON }))
    expect([paused.status, paused.location, desk.asked]).toEqual([303, '/channels/rio-mllp?message=channel-pause', ['follow']])
    for (const path of ['/documents', '/search', '/channels', '/channels/rio-mllp', '/nowhere']) expect([path, (await page(path)).html.includes('Paused: the channel rio-mllp, by a-analyst (pages) on 23 Nov 2026')]).toEqual([path, true])
    const { html } = await page('/channels/rio-mllp?message=channel-pause')
    for (const text of ['Paused', REASON.reason, 'Stop the feed', 'Start the feed']) expect(html).toContain(text)
    expect(html).not.toContain('Pause the feed')
    await saying({ channel: 'rio-mllp', is: 'running' })
    expect((await page('/channels')).html).toContain('1 of 1 processes has not followed yet')
    await saying({ channel: 'rio-mllp', is: 'paused' })
    expect((await page('/channels')).html).not.toContain('not followed')
    const started = await page('/channels/rio-mllp/start', formOf({ formToken: await token(), reason: 'it is done' }))
    expect(started.location).toBe('/channels/rio-mllp?message=channel-start')
    expect((await page('/channels')).html).not.toContain('Paused: the channel')
    const { rows } = await place.pool.query<{ kind: string; actor: string; detail: string }>("select kind, actor, detail from events where kind like 'channel-%' order by seq desc limit 2")
    expect(rows.map(({ kind, actor, detail }) => [kind, actor, JSON.parse(detail)])).toEqual([
      ['channel-started', 'a-analyst (pages)', { channel: 'rio-mllp', reason: 'it is done' }], ['channel-paused', 'a-analyst (pages)', { channel: 'rio-mllp', reason: REASON.reason }],
    ])
    expect(await place.ledger.verifyChain()).toBeUndefined()
  })

  test('without a reason the form comes back, with what was written', async () => {
    const { status, html } = await page('/channels/pkb/pause', formOf({ formToken: await token(), reason: 'x' }))
    expect([status, html.includes('href="#reason-pause"'), html.includes('value="x"'), html.includes('Say why')]).toEqual([400, true, true, true])
    expect(await place.ledger.haltedChannels()).toEqual([])
  })

  test('a destination has no way to be stopped, and says how a pause differs from the stop switch', async () => {
    const { html } = await page('/channels/pkb')
    for (const text of ['Recalls go on', 'is about this destination and every directorate', '/stops']) expect(html).toContain(text)
    expect(html).not.toContain('/channels/pkb/stop')
    expect((await page('/channels/pkb/stop', formOf({ formToken: await token(), ...REASON }))).status).toBe(409)
    expect((await page('/channels/withhold')).html).not.toContain('Pause the destination')
  })

  test('from paused to stopped and back, once each', async () => {
    expect(await api('/api/channels/rio-mllp/pause', REASON)).toMatchObject([200, { state: 'paused', may: ['stop', 'start'] }])
    expect(await api('/api/channels/rio-mllp/pause', REASON)).toMatchObject([409, { code: 'ALREADY_DONE' }])
    expect(await api('/api/channels/rio-mllp/stop', { reason: 'for longer', by: 'Duty manager' })).toMatchObject([200, { state: 'stopped', may: ['pause', 'start'], halt: { actor: 'Duty manager, by a-program (api)', reason: 'for longer' } }])
    expect(await api('/api/channels/rio-mllp/start', REASON)).toMatchObject([200, { may: ['pause', 'stop'] }])
    expect(await api('/api/channels/rio-mllp/start', REASON)).toMatchObject([409, { code: 'ALREADY_DONE' }])
  })

  test('on a page that was opened before somebody else did something does nothing', async () => {
    const seen = /name="seen" value="(\w+)"/u.exec((await page('/channels/rio-mllp')).html)![1]!
    expect(seen).toBe('running')
    await place.ledger.haltChannel('rio-mllp', 'stopped', 'duty', 'its sender takes AR for a final answer', iso())
    // A pause would open the port again.
    expect((await page('/channels/rio-mllp/pause', formOf({ formToken: await token(), seen, ...REASON }))).status).toBe(409)
    const now = /name="seen" value="(\w+)"/u.exec((await page('/channels/rio-mllp')).html)![1]!
    await place.ledger.startChannel('rio-mllp', 'duty', 'over', iso())
    await place.ledger.haltChannel('rio-mllp', 'paused', 'somebody else', 'for another reason', iso())
    expect([now, (await page('/channels/rio-mllp/start', formOf({ formToken: await token(), seen: now, ...REASON }))).status]).toEqual(['stopped', 409])
    expect(await place.ledger.haltedChannels()).toMatchObject([{ channel: 'rio-mllp', state: 'paused', actor: 'somebody else' }])
  })

  test('of a channel that the policy no longer has stands on the page until it is forgotten, and not on every other', async () => {
    await place.ledger.haltChannel('rio-old', 'stopped', 'duty', 'it was replaced', iso())
    expect((await page('/documents')).html).not.toContain('rio-old')
    const { html } = await page('/channels')
    expect(html).toMatch(/Not in the policy in force[\s\S]*rio-old: stopped by duty on 23 Nov 2026[\s\S]*action="\/channels\/rio-old\/start"/u)
    expect((await page('/channels', {}, viewer)).html).not.toContain('action="/channels/rio-old/start"')
    const without = await page('/channels/rio-old/start', formOf({ formToken: await token(), reason: 'x' }))
    expect([without.status, without.html.includes('href="#reason-left"'), without.html.includes('id="reason-left"')]).toEqual([400, true, true])
    expect((await page('/channels/rio-old/pause', formOf({ formToken: await token(), ...REASON }))).status).toBe(404)
    expect((await page('/channels/rio-old/start', formOf({ formToken: await token(), ...REASON }))).location).toBe('/channels?message=channel-start')
    expect(await place.ledger.haltedChannels()).toEqual([])
  })

  test('of a destination stands in the story of what waits for it, and in no other', async () => {
    const letter = await place.upload({ documentId: 'CHN-STORY' })
    await place.ledger.haltChannel('print', 'paused', 'duty', 'the printers are down', iso())
    await place.ledger.haltChannel('rio-http', 'paused', 'duty', 'a drill', iso())
    expect((await page(`/documents/${letter.id}`)).html).not.toContain('It waits:')
    await place.ledger.haltChannel('pkb', 'paused', 'Duty manager', 'PKB asks for an hour', iso())
    const { html } = await page(`/documents/${letter.id}`)
    expect(html).toContain('It waits: Duty manager paused the destination pkb on 23 Nov 2026')
    expect(html).toMatch(/PKB asks for an hour <a href="\/channels\/pkb">See the channel<\/a>/u)
    expect((await api(`/api/documents/${letter.id}`))[1]['paused']).toEqual([{ destination: 'pkb', actor: 'Duty manager', reason: 'PKB asks for an hour', at: expect.any(String) }])
    const stays = await place.upload({ documentId: 'CHN-STAYS', documentType: 'MH DO NOT share with patient' })
    expect((await api(`/api/documents/${stays.id}`))[1]['paused']).toEqual([])
  })

  test.each([[{}], [{ reason: 'x' }], [{ reason: 'for 999 000 0018' }], [{ reason: 'xxx', now: true }]])('in a body that says %j is refused', async (body) => {
    expect(await api('/api/channels/rio-mllp/pause', body)).toMatchObject([400, { code: 'QUERY_INVALID' }])
    expect(await place.ledger.haltedChannels()).toEqual([])
  })

  test('is not offered to whoever may only see, nor done for him or by a form from elsewhere', async () => {
    for (const path of ['/channels', '/channels/rio-mllp']) {
      const { status, html } = await page(path, {}, viewer)
      expect([path, status, html.includes('action="/channels')]).toEqual([path, 200, false])
    }
    expect((await page('/channels/rio-mllp/pause', formOf({ formToken: 'form-of-viewer', ...REASON }), viewer)).status).toBe(403)
    expect((await page('/channels/rio-mllp/pause', formOf(REASON))).status).toBe(403)
    expect(await place.ledger.haltedChannels()).toEqual([])
  })
})

describe('the files on disk', () => {
  const change = (): void => files.change('mappings/document-codes.csv', 'Discharge letter,clinical', 'Letter at discharge,other')

  test('are told with problems, tests and what no test reaches', async () => {
    expect((await page('/channels')).html).toMatch(/In force[\s\S]*passed, 0 failed/u)
    files.change('channels/rio-mllp.yaml', 'max_message_mb: 100', 'max_message_mb: many')
    const { html } = await page('/channels')
    expect(html).toMatch(/Cannot be taken[\s\S]*channels\/rio-mllp\.yaml:\d+:\d+<\/code> <strong>/u)
    expect(html).toContain('No test was run')
    expect((await page('/channels/rio-mllp')).html).toContain('Problems on disk')
    expect(html).not.toContain('Take it')
  })

  test('that wait are told in sentences, and taken by whoever may and says why', async () => {
    change()
    const { html } = await page('/channels')
    for (const text of ['Can be taken', 'What would be different', 'DISC kind: clinical → other', 'Take it']) expect(html).toContain(text)
    expect((await page('/channels', {}, viewer)).html).not.toContain('Take it')
    const policy = /name="policy" value="([0-9a-f]{64})"/u.exec(html)![1]!
    const fields = { formToken: formTokenIn(html), policy }
    expect((await page('/channels/take', formOf({ ...fields, reason: '' }))).status).toBe(400)
    expect(desk.asked).toEqual([])
    const taken = await page('/channels/take', formOf({ ...fields, reason: 'approved by the board' }))
    expect([taken.status, taken.location, desk.asked, desk.inForce().policy.hash]).toEqual([303, '/channels?message=policy-taken', ['reload'], policy])
    const { rows: [row] } = await place.pool.query<{ actor: string; detail: string }>("select actor, detail from events where kind = 'policy-asked' order by seq desc limit 1")
    expect([row!.actor, JSON.parse(row!.detail)]).toEqual(['a-analyst (pages)', { policy, reason: 'approved by the board' }])
    files.restore()
    await desk.channels.reload()
  })

  test('that have changed since somebody looked are not taken', async () => {
    change()
    const seen = (await desk.channels.filesNow()).hash
    files.change('mappings/document-codes.csv', 'Letter at discharge,other', 'Letter at discharge,legal')
    expect(await api('/api/policy/reload', { ...REASON, policy: seen })).toMatchObject([409, { code: 'POLICY_MOVED' }])
    expect(desk.asked).toEqual([])
    expect(await api('/api/policy/reload', { ...REASON, policy: 5 })).toMatchObject([400, { code: 'QUERY_INVALID' }])
  })

  test('that change between the look and the reading are not taken either', async () => {
    change()
    const seen = (await desk.channels.filesNow()).hash!
    const desk2 = { ...desk.channels, reload: async (only?: string) => { files.change('mappings/document-codes.csv', 'Letter at discharge,other', 'Letter at discharge,legal'); return only === seen ? 'unchanged' as const : desk.channels.reload() } }
    const late = await startDashboard({ ledger: place.ledger, policy: () => desk.inForce().policy, channels: desk2, now: () => place.clock.at })
    const answer = await late.api('/api/policy/reload', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ ...REASON, policy: seen }) })
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([409, 'POLICY_MOVED'])
    await late.close()
  })

  test('that cannot be read tell the place, and nothing that could be a secret', async () => {
    const secret = 'hunter2-hunter2-hunter2'
    const whole = files.read('channels/rio-http.yaml')
    const pkb = files.read('channels/pkb.yaml')
    const spoilt: readonly (readonly [string, string])[] = [
      ['channels/rio-http.yaml', whole.replace('token:', 'tokenn:').replace('${RIO_HTTP_TOKEN}', secret)], ['channels/rio-http.yaml', whole.replace('${RIO_HTTP_TOKEN}', `"${secret}`)],
      ['channels/rio-http.yaml', whole.replace('${RIO_HTTP_TOKEN}', `[${secret}]`)], ['channels/rio-http.yaml', whole.replace('max_document_mb: 100', `max_document_mb: ${secret}`)],
      ['channels/pkb.yaml', pkb.replace('${PKB_CLIENT_SECRET}', secret)], ['channels/pkb.yaml', pkb.replace('${PKB_FHIR_URL}', `https://user:${secret}@pkb.example/fhir`)],
    ]
    for (const [file, text] of spoilt) {
      files.write(file, text)
      expect(text).toContain(secret)
      const shown = [(await page('/channels')).html, (await page(`/channels/${file.slice(9, -5)}`)).html, JSON.stringify((await api('/api/policy/check', {}))[1])]
      expect([file, shown.map((one) => one.includes(secret))]).toEqual([file, [false, false, false]])
      expect(shown[0]).toContain('Cannot be taken')
      files.restore()
    }
  })

  test('are the only ones that an address opens', async () => {
    for (const name of ['..%2Fpackage.json', '%2e%2e%2f%2e%2e%2fetc%2fpasswd', '__proto__', 'constructor', 'rio-http.yaml', 'RIO-HTTP', '%00', 'rio-http%2F..']) {
      expect([name, (await page(`/channels/${name}`)).status, (await api(`/api/channels/${name}`))[0]]).toEqual([name, 404, 404])
      expect([name, (await page(`/channels/${name}/start`, formOf({ formToken: await token(), ...REASON }))).status]).toEqual([name, 404])
    }
  })

  test('are looked at again when somebody asks', async () => {
    const before = (await desk.channels.filesNow()).at
    place.clock.at = new Date(place.clock.at.getTime() + 60_000)
    const checked = await page('/channels/check', formOf({ formToken: await token() }))
    expect([checked.status, checked.location]).toEqual([303, '/channels?message=files-checked'])
    expect((await desk.channels.filesNow()).at > before).toBe(true)
  })
})
