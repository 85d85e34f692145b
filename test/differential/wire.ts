// The wire between the engine and PKB: passes every request on to the sandbox, and lets one of them meet a fault where
// a history asks for it. It writes down each letter that went past on its way into a record, and refuses to guess
// whose a request is: it knows it by the document's identifier, which every exchange carries.
import { createHash } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Agent, request } from 'undici'
import type { Fault } from './history.ts'

/** A letter that was handed to PKB. */
export type Letter = { readonly identifier: string; readonly title: string; readonly sha256: string }

/** What one document's exchanges meet. */
export type Channel = {
  /** Its next exchange goes by this identifier; request number `at` of it meets the fault. */
  expect(identifier: string, meets?: { readonly fault: Fault; readonly at: number; readonly now: number; readonly timeout: () => void }): void
  /** What PKB was still storing by then is stored. */
  store(now: number): Promise<void>
  readonly letters: readonly Letter[]
}

export type Wire = { readonly url: string; channel(): Channel; close(): Promise<void> }

type Asked = { readonly method: string; readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: string }
type Answered = { readonly status: number; readonly headers: Readonly<Record<string, string | string[] | undefined>>; readonly body: string }
type Late = { readonly asked: Asked; readonly dueAt: number }
type State = { fault?: Parameters<Channel['expect']>[1]; requests: number; readonly letters: Letter[]; late: Late[] }

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gu
const HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'host', 'expect'])

const sha256 = (base64: string): string => createHash('sha256').update(Buffer.from(base64, 'base64')).digest('hex')

/** The letter in a request that puts one into a record; undefined in any other. */
const letterIn = ({ method, path, body }: Asked, identifier: string): Letter | undefined => {
  if (path.startsWith('/services/hl7')) {
    const fields = /(?:^|[\r\n[])OBX\|([^\r\n]*)/u.exec(body)?.[1]?.split('|')
    const [title, data] = [fields?.[2]?.split('^')[1], fields?.[4]?.split('^')[4]]
    return title === undefined || data === undefined ? undefined : { identifier, title, sha256: sha256(data) }
  }
  if ((method !== 'POST' && method !== 'PUT') || !path.startsWith('/fhir/DocumentReference') || !body.startsWith('{')) return undefined
  const { content } = JSON.parse(body) as { content?: readonly { attachment: { title?: string; data?: string } }[] }
  const attachment = content?.[0]?.attachment
  return attachment?.data === undefined ? undefined : { identifier, title: attachment.title ?? '', sha256: sha256(attachment.data) }
}

const STATUS: { readonly [K in Fault['kind']]?: number } = { '503': 503, '500': 500, '500-stored': 500, '429': 429, '422': 422 }
const ACKNOWLEDGES: { readonly [K in Fault['kind']]?: string } = { AR: 'AR', AE: 'AE', 'AE-stored': 'AE' }
const isStored = (fault: Fault): boolean => fault.kind.endsWith('-stored')

/** A reply as PKB gave it before, with another end: of this message, unless the id is to be wrong. */
const replied = (template: Answered, asked: Asked, fault: Fault): Answered => {
  if (fault.kind === 'not-soap') return { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>Sign in</html>' }
  const sent = /MSH\|(?:[^|]*\|){8}([^|]*)/u.exec(asked.body)?.[1] ?? ''
  const id = fault.kind.startsWith('wrong-id') ? '00000000-0000-4000-8000-00000000dead' : sent
  return { ...template, status: 200, body: template.body.replace(/MSA\|A[A-Z]\|[^|\r\n<\]&]*/u, `MSA|${ACKNOWLEDGES[fault.kind] ?? 'AA'}|${id}`) }
}

export const openWire = async (sandboxUrl: string): Promise<Wire> => {
  const agent = new Agent({ connections: 64 })
  const byIdentifier = new Map<string, { readonly state: State; readonly identifier: string }>()
  const identifierOf = new Map<string, string>()
  const sockets = new Set<IncomingMessage['socket']>()
  let template: Answered | undefined

  const pass = async ({ method, path, headers, body }: Asked): Promise<Answered> => {
    const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP.has(name)))
    const answer = await request(sandboxUrl + path, { method, headers: kept as Record<string, string>, dispatcher: agent, ...(body === '' ? {} : { body }) })
    const answered = { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() }
    const remote = /\/DocumentReference\/([^/]+)/u.exec(String(answered.headers['location'] ?? ''))?.[1]
    const found = whose({ method, path, headers, body })
    if (remote !== undefined && found) identifierOf.set(remote, found.identifier)
    if (answered.body.includes('MSA|AA|')) template = answered
    return answered
  }
  // In this order: a letter may name the one that it adds to as well.
  const whose = ({ path, headers, body }: Asked) => {
    for (const [id] of `${headers['if-none-exist'] ?? ''} ${path} ${body}`.matchAll(UUID)) {
      const found = byIdentifier.get(identifierOf.get(id) ?? id)
      if (found) return found
    }
    return undefined
  }

  const handle = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const asked: Asked = { method: req.method ?? 'GET', path: req.url ?? '/', headers: req.headers, body: await text(req) }
    const found = whose(asked)
    const state = found?.state
    const meets = state && state.requests++ === state.fault?.at ? state.fault : undefined
    const letter = found && letterIn(asked, found.identifier)
    const stored = !meets || isStored(meets.fault)
    if (letter) state!.letters.push(letter)
    if (!meets) return give(res, await pass(asked))
    const { fault } = meets
    delete state!.fault
    if (fault.kind === 'late' && asked.method !== 'GET' && !asked.path.includes('/oauth/') && !asked.path.includes('_search')) state!.late.push({ asked, dueAt: meets.now + fault.secs * 1000 })
    if (stored) await pass(asked)
    const status = STATUS[fault.kind]
    if (status !== undefined) return give(res, { status, headers: { 'content-type': 'application/json', ...(status === 429 ? { 'retry-after': '5' } : {}) }, body: '{}' })
    if (fault.kind === 'timeout' || fault.kind === 'timeout-stored') return meets.timeout()
    if (fault.kind === 'cut' || fault.kind === 'cut-stored' || fault.kind === 'late' || !template) return void req.socket.destroy()
    give(res, replied(template, asked, fault))
  }

  const server = createServer((req, res) => void handle(req, res).catch(() => req.socket.destroy()))
  // Nothing breaks by itself.
  server.keepAliveTimeout = 0
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    channel: () => {
      const state: State = { requests: 0, letters: [], late: [] }
      return {
        letters: state.letters,
        expect: (identifier, meets) => {
          byIdentifier.set(identifier, { state, identifier })
          state.requests = 0
          if (meets) state.fault = meets
          else delete state.fault
        },
        store: async (now) => {
          const due = state.late.filter(({ dueAt }) => dueAt <= now).toSorted((a, b) => a.dueAt - b.dueAt)
          state.late = state.late.filter(({ dueAt }) => dueAt > now)
          for (const { asked } of due) await pass(asked)
        },
      }
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => { server.close(() => resolve()) })
      await agent.close()
    },
  }
}

const give = (res: ServerResponse, { status, headers, body }: Answered): void => {
  const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP.has(name.toLowerCase())))
  res.writeHead(status, { ...kept, 'content-length': Buffer.byteLength(body) }).end(body)
}
