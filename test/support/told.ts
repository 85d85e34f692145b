// Who is told: a real mail server and a real web server on free ports of this machine, which keep what came and can be
// told to misbehave.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { SMTPServer } from 'smtp-server'

export type Letter = { readonly from: string; readonly to: readonly string[]; readonly raw: string; readonly subject: string; readonly secure: boolean; readonly user?: string }
export type MailServer = {
  readonly url: string
  readonly letters: Letter[]
  /** Recipients that it refuses, and milliseconds for which it thinks about a letter. */
  readonly manners: { refused: readonly string[]; slowMs: number; down: boolean }
  close(): Promise<void>
}

/** `sign`: who signs in, over STARTTLS with the certificate of the server itself. */
export const aMailServer = async (sign?: { readonly user: string; readonly password: string }): Promise<MailServer> => {
  const letters: Letter[] = []
  const manners = { refused: [] as readonly string[], slowMs: 0, down: false }
  const server = new SMTPServer({
    authOptional: sign === undefined, disabledCommands: sign === undefined ? ['STARTTLS', 'AUTH'] : [], logger: false,
    onConnect: (_session, done) => done(manners.down ? new Error('not now') : null),
    onAuth: ({ username, password }, _session, done) => (username === sign?.user && password === sign?.password ? done(null, { user: username }) : done(new Error('wrong'))),
    onRcptTo: ({ address }, _session, done) => done(manners.refused.includes(address) ? Object.assign(new Error(`nobody is called ${address}`), { responseCode: 550 }) : null),
    onData: async (stream, session, done) => {
      const raw = await text(stream)
      if (manners.slowMs > 0) await delay(manners.slowMs)
      const { mailFrom, rcptTo } = session.envelope
      letters.push({
        from: mailFrom === false ? '' : mailFrom.address, to: rcptTo.map(({ address }) => address), raw: decoded(raw), subject: subjectIn(raw), secure: session.secure, ...(typeof session.user === 'string' ? { user: session.user } : {}),
      })
      done(null)
    },
  })
  server.on('error', () => {})
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const { port } = server.server.address() as AddressInfo
  const auth = sign ? `${sign.user}:${sign.password}@` : ''
  return { url: `smtp://${auth}127.0.0.1:${port}`, letters, manners, close: () => new Promise((resolve) => { server.close(() => resolve()) }) }
}

const unfolded = (raw: string): string => raw.replaceAll(/\r\n[ \t]+/gu, ' ')
const words = (header: string): string => header.replaceAll(/=\?UTF-8\?Q\?([^?]*)\?=/giu, (_, quoted: string) => decodedQuoted(quoted.replaceAll('_', ' ')))
const subjectIn = (raw: string): string => words(/^Subject: (.*)$/mu.exec(unfolded(raw))?.[1]?.trim() ?? '')
const decodedQuoted = (text: string): string =>
  Buffer.from(text.replaceAll(/=\r\n/gu, '').replaceAll(/=([0-9A-F]{2})/gu, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))), 'latin1').toString('utf8')
/** Each part as its reader sees it: quoted-printable and base64 taken off. */
const decoded = (raw: string): string =>
  raw.split(/^--.*$/mu).map((part) => {
    const [head = '', ...body] = part.split('\r\n\r\n')
    const rest = body.join('\r\n\r\n')
    if (/base64/iu.test(head)) return `${head}\n\n${Buffer.from(rest, 'base64').toString('utf8')}`
    return /quoted-printable/iu.test(head) ? `${head}\n\n${decodedQuoted(rest)}` : part
  }).join('\n')

export type Hook = {
  readonly url: string
  readonly posts: { readonly body: string; readonly headers: Readonly<Record<string, string | readonly string[] | undefined>> }[]
  readonly manners: { status: number; retryAfter?: number; hangs: boolean; location?: string }
  close(): Promise<void>
}

export const aHook = async (): Promise<Hook> => {
  const posts: Hook['posts'] = []
  const manners: Hook['manners'] = { status: 204, hangs: false }
  const server = createServer(async (req, res) => {
    posts.push({ body: await text(req), headers: req.headers })
    if (manners.hangs) return
    res.writeHead(manners.status, { ...(manners.retryAfter === undefined ? {} : { 'retry-after': String(manners.retryAfter) }), ...(manners.location === undefined ? {} : { location: manners.location }) }).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/alerts?key=hidden`, posts, manners, close: async () => { server.closeAllConnections(); server.close(); await once(server, 'close') } }
}
