// What becomes of uploads that are well made, in both forms, over a real socket.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Readable } from 'node:stream'
import { request } from 'undici'
import { makeFolder } from '../../support/folder.ts'
import { aDecision, anAccepted, httpStand, sha256Of, TOKEN } from '../../support/http-feed.ts'
import type { Stand } from '../../support/http-feed.ts'
import { aPdf } from '../../support/pdf.ts'

const METADATA = '{ "documentId": "RIO-1", "clientId": 12345678901234567890, "name": "CLIN Clinic letter.pdf",\n "patient": { "family": "Exämple" } }'
const pdf = aPdf({ bytes: 300_000 })
const auth = { authorization: `Bearer ${TOKEN}` }

let folder: ReturnType<typeof makeFolder>
let stand: Stand
beforeAll(() => { folder = makeFolder() })
afterAll(() => folder.remove())
beforeEach(async () => { stand = await httpStand(folder.path) })
afterEach(() => stand.close())

const post = async (body: FormData | string | Buffer, headers: Record<string, string> = {}) => {
  const sent = typeof body === 'string' ? body : body instanceof FormData ? body : new Uint8Array(body)
  const answer = await fetch(stand.url, { method: 'POST', headers: { ...auth, ...headers }, body: sent })
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> }
}
const json = { 'content-type': 'application/json' }
const form = (parts: readonly (readonly [string, string | Blob, string?])[]): FormData => {
  const data = new FormData()
  for (const [name, value, fileName] of parts) {
    if (typeof value === 'string') data.append(name, value)
    else data.append(name, value, fileName)
  }
  return data
}
const pdfBlob = new Blob([new Uint8Array(pdf)], { type: 'application/pdf' })
const stored = async (sha256: string): Promise<Buffer> => Buffer.concat(await (await stand.content.read(sha256)).toArray())

describe('multipart/form-data', () => {
  test.each([
    ['metadata first', () => form([['metadata', METADATA], ['file', pdfBlob, 'CLIN Clinic lättér.pdf']])],
    ['the file first', () => form([['file', pdfBlob, 'CLIN Clinic lättér.pdf'], ['metadata', METADATA]])],
    ['metadata as a file of its own', () => form([['metadata', new Blob([METADATA], { type: 'application/json' }), 'metadata.json'], ['file', pdfBlob, 'CLIN Clinic lättér.pdf']])],
  ])('is taken with %s', async (_what, body) => {
    const { status } = await post(body())
    expect(status).toBe(201)
    const [receipt] = stand.taken
    expect(receipt).toMatchObject({
      id: 'receipt-1', feed: 'rio-http', format: 'upload', receivedAt: '2026-11-20T11:02:11.000Z',
      fileName: 'CLIN Clinic lättér.pdf', declaredType: 'application/pdf',
      contents: [{ sha256: sha256Of(pdf), size: pdf.length, encrypt: false }],
    })
    // Character for character: parsing it here would round the number. (A form may turn line ends into CR LF.)
    expect(receipt!.skeleton.replaceAll('\r\n', '\n')).toBe(METADATA)
    expect((await stored(sha256Of(pdf))).equals(pdf)).toBe(true)
  })

  test('is taken without a file, and with a file field that was left empty', async () => {
    await post(form([['metadata', METADATA]]))
    const boundary = 'x1'
    const empty = `--x1\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n${METADATA}\r\n--x1\r\nContent-Disposition: form-data; name="file"; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n\r\n--x1--\r\n`
    await post(empty, { 'content-type': `multipart/form-data; boundary=${boundary}` })
    expect(stand.taken.map(({ contents, fileName }) => ({ contents, fileName }))).toEqual([{ contents: [], fileName: undefined }, { contents: [], fileName: undefined }])
    expect(await stand.files()).toEqual([])
  })

  test('is taken with text parts that nothing reads', async () => {
    expect((await post(form([['comment', 'hello'], ['metadata', METADATA], ['file', pdfBlob, 'a.pdf']]))).status).toBe(201)
  })

  test('says nothing of a type that the sender left out', async () => {
    const body = `--x1\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n{}\r\n--x1\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7\r\n--x1--\r\n`
    await post(body, { 'content-type': 'multipart/form-data; boundary="x1"' })
    expect(stand.taken[0]).toMatchObject({ fileName: 'a.pdf', contents: [{ size: 8 }] })
    expect(stand.taken[0]).not.toHaveProperty('declaredType')
  })
})

describe('JSON', () => {
  const body = (data: string): string => `{"content": {"contentType": "application/pdf", "data": "${data}"}, "metadata": ${METADATA}}`

  test.each([
    ['plain base64', pdf.toString('base64')],
    ['escaped slashes', pdf.toString('base64').replaceAll('/', '\\/')],
    ['lines of 76 characters', pdf.toString('base64').replace(/.{76}/gu, '$&\\r\\n')],
  ])('is taken with %s', async (_what, data) => {
    const { status } = await post(body(data), json)
    expect(status).toBe(201)
    expect(stand.taken[0]).toMatchObject({ skeleton: METADATA, declaredType: 'application/pdf', contents: [{ sha256: sha256Of(pdf), size: pdf.length }] })
    expect((await stored(sha256Of(pdf))).equals(pdf)).toBe(true)
  })

  test('is taken in pieces of one byte', async () => {
    const small = body(Buffer.from('%PDF-1.7').toString('base64'))
    async function* bytes() {
      for (const byte of Buffer.from(small)) yield Buffer.of(byte)
    }
    const answer = await request(stand.url, { method: 'POST', headers: { ...auth, ...json }, body: Readable.from(bytes(), { objectMode: false }) })
    expect(answer.statusCode).toBe(201)
    await answer.body.dump()
    expect(stand.taken[0]).toMatchObject({ skeleton: METADATA, contents: [{ size: 8 }] })
  })

  test('is taken without content, and keeps a file name', async () => {
    await post(`{"metadata": ${METADATA}}`, json)
    await post(`{"metadata": ${METADATA}, "content": null}`, json)
    await post('{"metadata": {}, "content": {"data": "QUJD", "fileName": "HMHR report.pdf"}}', json)
    expect(stand.taken.map(({ contents, fileName }) => [contents.length, fileName])).toEqual([[0, undefined], [0, undefined], [1, 'HMHR report.pdf']])
  })
})

describe('the answer', () => {
  const answerTo = async (accepted: ReturnType<typeof anAccepted>) => {
    await stand.close()
    stand = await httpStand(folder.path, { take: async () => accepted })
    return post('{"metadata": {}}', json)
  }

  test('to a new revision is 201 with the decision, and says where the document is', async () => {
    const { status, headers, body } = await answerTo(anAccepted())
    expect(status).toBe(201)
    expect(headers.get('location')).toBe('/api/documents/d-1')
    expect(body).toEqual({ id: 'd-1', revision: 1, state: 'waiting', decision: { route: 'pkb', rule: 'share', because: 'It was uploaded to be shared.', labels: ['own|share'], policy: 'ab12' } })
  })

  test('to a repeat is 200', async () => {
    expect((await answerTo(anAccepted({ kind: 'repeat' }))).status).toBe(200)
  })

  test('of a directorate that is observing says where it would have gone; one of a late message says that it is', async () => {
    const { body } = await answerTo(anAccepted({ bearing: 'late', decision: aDecision({ route: 'observe', wouldRoute: 'print', wouldRule: 'unregistered' }) }))
    expect(body).toMatchObject({ bearing: 'late', decision: { route: 'observe', wouldRoute: 'print', wouldRule: 'unregistered' } })
  })

  test('waits until the receipt is durable', async () => {
    const order: string[] = []
    const durable = Promise.withResolvers<void>()
    await stand.close()
    stand = await httpStand(folder.path, { take: async () => { await durable.promise; order.push('stored'); return anAccepted() } })
    const answer = post('{"metadata": {}}', json).then(() => order.push('answered'))
    setImmediate(() => durable.resolve())
    await answer
    expect(order).toEqual(['stored', 'answered'])
  })
})
