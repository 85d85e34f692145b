// The bare limit, as a program of its own: what is left of the engine without parsing, policy, ledger, queue and
// second key. A frame or a request comes in, its file is written and synced under its hash, the message is appended
// to a log and synced together with whatever waits, it is acknowledged, and the DocumentReference is posted with the
// engine's own HTTP client, as many at a time. It refuses nothing and keeps no promise: it is a yardstick, not a way
// to run. It ends with its standard input.
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { createServer as createHttp } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { DocumentReference } from '@medplum/fhirtypes'
import { bodyOf } from '../src/deliver/pkb/body.ts'
import { openFhir } from '../src/deliver/pkb/fhir.ts'
import { openConnections } from '../src/deliver/pkb/connections.ts'
import { identify, stableIdentifier } from '../src/fhir/identify.ts'
import { framed, frameReader } from '../src/intake/mllp/frame.ts'

const [folder = '.', template = '', atOnce = '8'] = process.argv.slice(2)
const content = join(folder, 'content')
await mkdir(content, { recursive: true })
const resource = JSON.parse(await readFile(template, 'utf8')) as DocumentReference

/** Durable under its hash. */
const keepFile = async (bytes: Buffer) => {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const path = join(content, `writing-${randomUUID()}`)
  const file = await open(path, 'wx')
  await file.write(bytes)
  await file.datasync()
  await file.close()
  await rename(path, join(content, sha256))
  const directory = await open(content, 'r')
  await directory.sync().finally(() => directory.close())
}

const log = await open(join(folder, 'messages'), 'a')
type Line = { readonly text: string; readonly done: () => void }
let lines: Line[] = []
let writing = false

/** Group commit: whatever waits while one sync runs goes into the next. */
const appended = (text: string): Promise<void> => new Promise((done) => {
  lines.push({ text: `${text}\n`, done })
  if (!writing) void write()
})
const write = async (): Promise<void> => {
  writing = true
  while (lines.length > 0) {
    const group = lines
    lines = []
    await log.write(group.map(({ text }) => text).join(''))
    await log.datasync()
    for (const { done } of group) done()
  }
  writing = false
}

const connections = openConnections(Number(atOnce))
const fhir = openFhir({
  base_url: process.env['PKB_FHIR_URL']!, token_url: process.env['PKB_TOKEN_URL']!, client_id: process.env['PKB_CLIENT_ID']!,
  client_secret: process.env['PKB_CLIENT_SECRET']!, organisation: process.env['PKB_ORG_ID']!,
}, { connections, timeoutSecs: 60, now: () => new Date() })

let posting = 0
const waiting: Buffer[] = []
const postAll = async (): Promise<void> => {
  posting += 1
  for (let bytes = waiting.shift(); bytes; bytes = waiting.shift()) await post(bytes)
  posting -= 1
}
const post = async (bytes: Buffer): Promise<void> => {
  const identifier = randomUUID()
  const attachment = { ...resource.content[0]!.attachment, size: bytes.length, hash: createHash('sha1').update(bytes).digest('base64') }
  const named = identify({ ...resource, content: [{ ...resource.content[0]!, attachment }] }, { identifier, documentId: identifier, revision: 1 })
  const { system, value } = stableIdentifier(identifier)
  const { outcome } = await fhir.send({
    action: 'create', target: 'endpoint', method: 'POST', path: 'DocumentReference', signal: AbortSignal.timeout(60_000),
    headers: { prefer: 'return=minimal', 'if-none-exist': `identifier=${encodeURIComponent(`${system}|${value}`)}` },
    streamed: { body: bodyOf(named, bytes.length), open: async () => Readable.from([bytes]) },
  })
  if (outcome.kind !== 'accepted') console.error(`The sandbox answered ${outcome.code}: ${outcome.detail}`)
}

const take = async (skeleton: string, base64: string): Promise<void> => {
  const bytes = Buffer.from(base64, 'base64')
  await keepFile(bytes)
  await appended(skeleton)
  waiting.push(bytes)
  if (posting < Number(atOnce)) void postAll()
}

const MARK = '^Base64^'
const takeHl7 = async (message: string): Promise<Buffer> => {
  const from = message.indexOf(MARK) + MARK.length
  const to = message.indexOf('|', from)
  await take(message.slice(0, from) + message.slice(to), message.slice(from, to))
  return framed(Buffer.from(`MSH|^~\\&|||||||ACK|1|P|2.4\rMSA|AA|${message.split('|', 10)[9]}\r`, 'latin1'))
}

const mllp = createServer({ noDelay: true }, (socket) => {
  const reader = frameReader()
  let body: Buffer[] = []
  socket.on('error', () => undefined).on('data', (chunk: Buffer) => {
    for (const event of reader.push(chunk)) {
      if (event.kind === 'start') body = []
      else if (event.kind === 'body') body.push(event.bytes)
      else if (event.kind === 'end') void takeHl7(Buffer.concat(body).toString('latin1')).then((answer) => socket.write(answer))
    }
  })
})

const http = createHttp((req, res) => {
  const pieces: Buffer[] = []
  req.on('data', (piece: Buffer) => pieces.push(piece)).on('end', () => {
    const { metadata, content } = JSON.parse(Buffer.concat(pieces).toString()) as { metadata: object; content: { data: string } }
    void take(JSON.stringify(metadata), content.data).then(() => res.writeHead(201).end('{}'))
  })
})

mllp.listen(0, '127.0.0.1')
http.listen(0, '127.0.0.1')
await Promise.all([once(mllp, 'listening'), once(http, 'listening')])
console.log(JSON.stringify({ mllp: (mllp.address() as AddressInfo).port, http: (http.address() as AddressInfo).port }))
process.stdin.resume().once('close', () => process.exit(0))
