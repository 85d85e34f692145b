// What the HTTP feed refuses, that it says why without a patient's data, and that it keeps what it refused.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { connect } from 'node:net'
import { Failure } from '../../../src/errors.ts'
import type { ContentStore } from '../../../src/ledger/content.ts'
import { makeFolder } from '../../support/folder.ts'
import { httpStand, TOKEN } from '../../support/http-feed.ts'
import type { Stand } from '../../support/http-feed.ts'
import { aPdf } from '../../support/pdf.ts'

const auth = { authorization: `Bearer ${TOKEN}` }
const json = { ...auth, 'content-type': 'application/json' }
const multipart = { ...auth, 'content-type': 'multipart/form-data; boundary=x1' }
const part = (headers: string, body: string): string => `--x1\r\nContent-Disposition: form-data; ${headers}\r\n\r\n${body}\r\n`
const METADATA = part('name="metadata"', '{"documentId":"RIO-1","patient":{"family":"Placeholder","nhsNumber":"9990000034"}}')
const FILE = part('name="file"; filename="CLIN Placeholder.pdf"', '%PDF-1.7')
const END = '--x1--\r\n'

let folder: ReturnType<typeof makeFolder>
let stand: Stand
beforeAll(() => { folder = makeFolder() })
afterAll(() => folder.remove())
beforeEach(async () => { stand = await httpStand(folder.path) })
afterEach(() => stand.close())
const again = async (options: Parameters<typeof httpStand>[1]): Promise<void> => {
  await stand.close()
  stand = await httpStand(folder.path, options)
}

const post = async (body: string | Buffer, headers: Record<string, string>, method = 'POST') => {
  const answer = await fetch(stand.url, { method, headers, ...(method === 'GET' ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }) })
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, text, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> }
}

describe('before anything else the token', () => {
  test.each([
    ['none', {}, 'Bearer realm="openletter"'],
    ['another', { authorization: 'Bearer wrong' }, 'Bearer realm="openletter", error="invalid_token"'],
    ['a part of it', { authorization: `Bearer ${TOKEN.slice(0, -1)}` }, 'Bearer realm="openletter", error="invalid_token"'],
    ['another scheme', { authorization: `Basic ${TOKEN}` }, 'Bearer realm="openletter", error="invalid_token"'],
  ])('%s is 401', async (_what, headers, challenge) => {
    const answer = await post('{"metadata":{}}', { 'content-type': 'application/json', ...headers })
    expect([answer.status, answer.headers.get('www-authenticate'), answer.body['code']]).toEqual([401, challenge, 'TOKEN_MISSING'])
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(stand.taken).toEqual([])
    expect(stand.rejected).toEqual([])
  })

  test('also for another method, and for a sender in the middle of a large body', async () => {
    expect((await post('', {}, 'GET')).status).toBe(401)
    expect((await post(Buffer.alloc(3_000_000, 'x'), { 'content-type': 'application/json' })).status).toBe(401)
  })

  test('then the method', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await post('{}', json, method)
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
    }
  })
})

describe('a form that is not known is 415 and is not kept', () => {
  test.each([
    ['text', { ...auth, 'content-type': 'text/plain' }],
    ['JSON in another charset', { ...auth, 'content-type': 'application/json; charset=iso-8859-1' }],
    ['compressed', { ...json, 'content-encoding': 'gzip' }],
    ['urlencoded', { ...auth, 'content-type': 'application/x-www-form-urlencoded' }],
  ])('%s', async (_what, headers) => {
    const answer = await post('{"metadata":{}}', headers)
    expect([answer.status, answer.body['code'], answer.headers.get('accept-post')]).toEqual([415, 'TYPE_UNSUPPORTED', 'multipart/form-data, application/json'])
    expect(stand.rejected).toEqual([])
  })
})

describe('a message that cannot be read is refused, kept, and leaves no file', () => {
  const pdf = aPdf({ bytes: 200_000 }).toString('base64')
  test.each([
    ['broken base64', json, `{"metadata":{"family":"Placeholder"},"content":{"data":"${pdf.slice(0, 150_000)}*${pdf.slice(150_000)}"}}`, 400, 'CONTENT_UNREADABLE'],
    ['base64 that stops within a byte', json, '{"metadata":{},"content":{"data":"QUJDR"}}', 400, 'CONTENT_UNREADABLE'],
    ['base64 with a character of two bytes', json, '{"metadata":{},"content":{"data":"QUJ\\u00e9"}}', 400, 'CONTENT_UNREADABLE'],
    ['content without data', json, '{"metadata":{},"content":{"contentType":"application/pdf"}}', 400, 'CONTENT_UNREADABLE'],
    ['content that is a number', json, '{"metadata":{},"content":{"data":7}}', 400, 'CONTENT_UNREADABLE'],
    ['content under another key', json, '{"metadata":{},"file":{"data":"QUJD"}}', 400, 'MESSAGE_UNREADABLE'],
    ['an unknown key in content', json, '{"metadata":{},"content":{"data":"QUJD","mimeType":"application/pdf"}}', 400, 'MESSAGE_UNREADABLE'],
    ['no metadata', json, '{"content":{"data":"QUJD"}}', 400, 'METADATA_MISSING'],
    ['metadata that is an array', json, '{"metadata":[{}]}', 400, 'METADATA_UNREADABLE'],
    ['metadata that is null', json, '{"metadata":null}', 400, 'METADATA_UNREADABLE'],
    ['JSON with a comma too many', json, '{"metadata":{"family":"Placeholder",}}', 400, 'MESSAGE_UNREADABLE'],
    ['JSON that stops', json, '{"metadata":{"family":"Placeholder"', 400, 'MESSAGE_UNREADABLE'],
    ['JSON that goes on', json, '{"metadata":{}} {}', 400, 'MESSAGE_UNREADABLE'],
    ['nothing at all', json, '', 400, 'MESSAGE_UNREADABLE'],
    ['the picklist twice', json, '{"metadata":{"documentType":"MH DO NOT share with patient","documentType":"MH share with patient"}}', 400, 'MESSAGE_UNREADABLE'],
    ['an escaped NUL', json, '{"metadata":{"family":"Place\\u0000holder"}}', 400, 'NUL_IN_MESSAGE'],
    ['half a character', json, '{"metadata":{"family":"\\ud800"}}', 400, 'MESSAGE_UNREADABLE'],
    ['metadata over 256 KB', json, `{"metadata":{"family":"${'x'.repeat(300_000)}"}}`, 413, 'TOO_LARGE'],

    ['no metadata part', multipart, FILE + END, 400, 'METADATA_MISSING'],
    ['two metadata parts', multipart, METADATA + METADATA + END, 400, 'MESSAGE_UNREADABLE'],
    ['two files', multipart, METADATA + FILE + FILE + END, 400, 'MESSAGE_UNREADABLE'],
    ['a file under another name', multipart, METADATA + FILE.replace('name="file"', 'name="document"') + END, 400, 'MESSAGE_UNREADABLE'],
    ['a file without a file name', multipart, METADATA + part('name="file"', '%PDF-1.7') + END, 400, 'MESSAGE_UNREADABLE'],
    ['a file whose headers cannot be read', multipart, METADATA + part('name="file"; filename="CLIN "Placeholder".pdf"', '%PDF-1.7') + END, 400, 'MESSAGE_UNREADABLE'],
    ['a body without end', multipart, METADATA + FILE, 400, 'MESSAGE_UNREADABLE'],
    ['no boundary', { ...auth, 'content-type': 'multipart/form-data' }, METADATA + END, 400, 'MESSAGE_UNREADABLE'],
    ['another boundary', { ...auth, 'content-type': 'multipart/form-data; boundary=x2' }, METADATA + END, 400, 'MESSAGE_UNREADABLE'],
    ['a metadata part that is no JSON', multipart, part('name="metadata"', 'family=Placeholder') + END, 400, 'METADATA_UNREADABLE'],
    ['a metadata part with a key twice', multipart, part('name="metadata"', '{"a":1,"a":2}') + END, 400, 'MESSAGE_UNREADABLE'],
    ['a metadata part with a NUL', multipart, part('name="metadata"', '{"a":"\0"}') + END, 400, 'NUL_IN_MESSAGE'],
    ['a metadata part nested without end', multipart, part('name="metadata"', '['.repeat(100_000)) + END, 400, 'MESSAGE_UNREADABLE'],
    ['a metadata part over 256 KB', multipart, part('name="metadata"', `{"a":"${'x'.repeat(300_000)}"}`) + END, 413, 'TOO_LARGE'],
    ['thirty parts', multipart, part('name="x"', 'y').repeat(30) + METADATA + END, 400, 'MESSAGE_UNREADABLE'],
  ])('%s', async (_what, headers, body, status, code) => {
    const answer = await post(body, headers)
    expect([answer.status, answer.body['code'], answer.headers.get('content-type')]).toEqual([status, code, 'application/problem+json'])
    expect(answer.body).toMatchObject({ type: expect.stringContaining('urn:openletter:error:'), title: expect.any(String), detail: expect.any(String), hint: expect.any(String) })
    expect(answer.text + stand.said.join()).not.toMatch(/Placeholder|9990000034|DO NOT/u)
    expect(stand.rejected).toMatchObject([{ feed: 'rio-http', code, at: '2026-11-20T11:02:11.000Z' }])
    expect(Buffer.byteLength(stand.rejected[0]!.skeleton)).toBeLessThanOrEqual(65_536)
    expect(stand.rejected[0]!.skeleton).not.toContain('\0')
    expect(stand.taken).toEqual([])
    expect(await stand.files()).toEqual([])
  })

  test('broken JSON is told by line and column, and none of it is repeated', async () => {
    const detail = async (body: string, headers: Record<string, string>) => (await post(body, headers)).body['detail']
    expect(await detail('{\n "metadata": {\n  "family": "Placeholder",\n }\n}', json)).toBe('It is not JSON: line 4, column 2.')
    expect(await detail('{"content": {"data": "QUJD"},\n "metadata": {"family": Placeholder}}', json)).toBe('It is not JSON: line 2, column 25, the file in content.data left out.')
    expect(await detail(part('name="metadata"', '{"family" "Placeholder"}') + END, multipart)).toBe('It is not JSON: line 1, column 11.')
  })

  test('a metadata part in Latin-1', async () => {
    expect((await post(Buffer.from(part('name="metadata"', '{"a":"Exämple"}') + END, 'latin1'), multipart)).body['code']).toBe('METADATA_UNREADABLE')
    expect((await post(Buffer.from('{"metadata":{"a":"Exämple"}}', 'latin1'), json)).body['code']).toBe('MESSAGE_UNREADABLE')
  })

  test('what was read of it is kept', async () => {
    await post('{"metadata":{"documentId":"RIO-7"},"content":{"data":"*"}}', json)
    await post(METADATA + FILE + FILE + END, multipart)
    expect(stand.rejected[0]!.skeleton).toContain('"documentId":"RIO-7"')
    expect(stand.rejected[1]!.skeleton).toContain('"documentId":"RIO-1"')
  })
})

describe('a file over the limit of one megabyte', () => {
  const large = aPdf({ bytes: 6_000_000 })

  test.each([
    ['JSON', json, `{"metadata":{},"content":{"data":"${large.toString('base64')}"}}`],
    ['multipart', multipart, METADATA + part('name="file"; filename="a.pdf"', large.toString('latin1')) + END],
  ])('is 413 as %s: the sender sees it, and nothing is left', async (_what, headers, body) => {
    const answer = await post(Buffer.from(body, 'latin1'), headers)
    expect([answer.status, answer.body['code'], answer.headers.get('connection')]).toEqual([413, 'TOO_LARGE', 'close'])
    expect(stand.rejected).toMatchObject([{ code: 'TOO_LARGE' }])
    expect(await stand.files()).toEqual([])
  })

  test('is seen by a sender that reads nothing before it has sent everything', async () => {
    const body = Buffer.from(`{"metadata":{},"content":{"data":"${large.toString('base64')}"}}`)
    const socket = connect(stand.port, '127.0.0.1')
    socket.pause()
    socket.write(`POST /feeds/rio-http/documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`)
    await new Promise<void>((resolve, reject) => socket.write(body, (error) => (error ? reject(error) : resolve())))
    let text = ''
    socket.on('data', (chunk: Buffer) => { text += chunk.toString() })
    socket.resume()
    await once(socket, 'close')
    expect(text).toMatch(/^HTTP\/1\.1 413 /u)
    expect(text).toContain('"TOO_LARGE"')
  })

  test('is taken at exactly the limit', async () => {
    expect((await post(`{"metadata":{},"content":{"data":"${Buffer.alloc(1_048_576, 'a').toString('base64')}"}}`, json)).status).toBe(201)
    expect((await post(`{"metadata":{},"content":{"data":"${Buffer.alloc(1_048_577, 'a').toString('base64')}"}}`, json)).status).toBe(413)
  })
})

describe('a sender that goes away in the middle', () => {
  test.each([
    ['JSON', 'application/json', `{"metadata":{},"content":{"data":"${aPdf({ bytes: 200_000 }).toString('base64').slice(0, 200_000)}`],
    ['multipart', 'multipart/form-data; boundary=x1', METADATA + part('name="file"; filename="a.pdf"', 'x'.repeat(200_000)).slice(0, -2)],
  ])('leaves nothing behind: %s', async (_what, type, body) => {
    const begun = Promise.withResolvers<void>()
    const dropped = Promise.withResolvers<void>()
    const watched = (real: ContentStore): ContentStore => ({
      ...real,
      writer: (limit) => {
        const writer = real.writer(limit)
        return { ...writer, write: async (chunk) => { await writer.write(chunk); begun.resolve() }, drop: async () => { await writer.drop(); dropped.resolve() } }
      },
    })
    await again({ content: watched })
    const socket = connect(stand.port, '127.0.0.1')
    socket.write(`POST /feeds/rio-http/documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: ${type}\r\nContent-Length: 900000\r\n\r\n${body}`)
    await begun.promise
    socket.resetAndDestroy()
    await dropped.promise
    expect(await stand.files()).toEqual([])
    expect(stand.taken).toEqual([])
    expect(stand.rejected).toEqual([])
    expect((await post('{"metadata":{}}', json)).status).toBe(201)
  })
})

const onFullDisk = (real: ContentStore): ContentStore => ({
  ...real,
  writer: (limit) => ({ ...real.writer(limit), write: async () => { throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' }) } }),
})

describe('when something on this side fails the sender is told to try again', () => {
  const body = `{"metadata":{},"content":{"data":"${aPdf({ bytes: 200_000 }).toString('base64')}"}}`

  test('the ledger', async () => {
    await again({ take: async () => { throw new Failure('STORE_UNAVAILABLE', 'db.example:5432 (ECONNREFUSED).') } })
    const answer = await post(body, json)
    expect([answer.status, answer.headers.get('retry-after'), answer.body['code']]).toEqual([503, '5', 'STORE_UNAVAILABLE'])
    // Why is for who runs the engine.
    expect(JSON.stringify(answer.body)).not.toContain('db.example')
    expect(JSON.stringify(stand.said)).toContain('db.example:5432 (ECONNREFUSED).')
  })

  test.each([
    ['json', json, body],
    ['multipart', multipart, METADATA + part('name="file"; filename="a.pdf"', 'x'.repeat(200_000)) + END],
  ])('the disk, %s', async (_what, headers, upload) => {
    await again({ content: onFullDisk })
    const answer = await post(upload, headers)
    expect([answer.status, answer.headers.get('retry-after'), answer.body['code']]).toEqual([503, '5', 'STORE_UNAVAILABLE'])
    expect(stand.rejected).toEqual([])
  })

  test('the record of what was refused', async () => {
    await again({ reject: async () => { throw new Failure('STORE_UNAVAILABLE', 'no database') } })
    const answer = await post('{', json)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
  })
})

test('a receipt that is refused is answered with its own code, and kept once: by take, which knows it', async () => {
  for (const [code, status] of [['DOCUMENT_ID_MISSING', 422], ['PARENT_OF_ANOTHER_PATIENT', 409]] as const) {
    await again({ take: async () => ({ kind: 'refused', code, detail: 'metadata.documentId' }) })
    const answer = await post('{"metadata":{"a":1}}', json)
    expect([answer.status, answer.body['code'], answer.body['detail']]).toEqual([status, code, 'metadata.documentId'])
    expect(stand.rejected).toEqual([])
  }
})
