// The MLLP feed: a listening socket, with TLS and client certificates where the channel file asks for them, and a
// connection for each sender. It refuses TLS below 1.2, and to stop without letting the messages in hand finish.
import { readFile, stat } from 'node:fs/promises'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { Failure } from '../../errors.ts'
import type { MllpFeed } from '../../policy/schema.ts'
import type { FeedParts } from '../take.ts'
import { connection, type Connection } from './connection.ts'

export type MllpFeedParts = FeedParts & { readonly feed: MllpFeed }

export type RunningMllpFeed = {
  readonly address: { readonly host: string; readonly port: number }
  /** Takes no one new, lets the messages in hand finish, for a few seconds at most. */
  close(): Promise<void>
}

const MB = 1024 * 1024
const CLOSE_WITHIN_MS = 5_000
const HANDSHAKE_WITHIN_MS = 10_000
/** Each may hold a skeleton of 1 MB: a bound on memory, far above what a trust has in senders. */
const CONNECTIONS_MOST = 500

export const startMllpFeed = async ({ name, feed, content, take, reject, say, now, newId, halted }: MllpFeedParts): Promise<RunningMllpFeed> => {
  const limits = { messageBytes: Math.floor(feed.max_message_mb * MB), testSystem: feed.test_system }
  const idleMs = feed.idle_timeout_secs * 1000
  const open = new Set<Connection>()
  const accept = (socket: Socket): void => {
    const one = connection(socket, { name, limits, idleMs, content, take, reject, say, now, newId, ...(halted ? { halted } : {}) })
    open.add(one)
    void one.done.then(() => open.delete(one))
  }

  const options = { allowHalfOpen: true, noDelay: true, keepAlive: true }
  const server = feed.tls ? createTlsServer({ ...options, ...(await tlsOptions(name, feed.tls)) }, accept) : createServer(options, accept)
  server.maxConnections = CONNECTIONS_MOST
  // Sockets as they were accepted: with TLS also those that never finish their handshake.
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('drop', () => say('connection_closed', { feed: name, why: 'too many connections' }))
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    say('connection_closed', { feed: name, why: `TLS: ${error.code ?? 'no handshake'}` })
    socket.destroy()
  })

  await listening(server, name, feed)
  server.on('error', (error: NodeJS.ErrnoException) => say('part_failed', { part: name, code: 'INTERNAL', detail: error.code ?? 'listening socket' }))
  const { address: host, port } = server.address() as AddressInfo
  say('feed_listening', { feed: name, address: `${feed.tls ? 'mllps' : 'mllp'}://${host.includes(':') ? `[${host}]` : host}:${port}` })

  let closed: Promise<void> | undefined
  const close = async (): Promise<void> => {
    const stopped = new Promise<void>((resolve) => { server.close(() => resolve()) })
    for (const one of open) one.finish()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => { timer = setTimeout(resolve, CLOSE_WITHIN_MS) })
    await Promise.race([Promise.all(Array.from(open, ({ done }) => done)), late])
    clearTimeout(timer)
    const left = [...open]
    for (const one of left) one.destroy()
    for (const socket of sockets) socket.destroy()
    // The store may be stuck: it must not keep the engine from stopping.
    await stopped
  }
  return { address: { host, port }, close: () => (closed ??= close()) }
}

const listening = (server: Server, name: string, feed: MllpFeed): Promise<void> =>
  new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      const where = `${feed.host}:${feed.port}`
      reject(error.code === 'EADDRINUSE'
        ? new Failure('PORT_TAKEN', `Feed ${name} cannot listen on ${where}: something else does. Its port stands in channels/${name}.yaml (as shipped, the setting MLLP_PORT).`, { cause: error })
        : new Failure('SETTING_INVALID', `Feed ${name} cannot listen on ${where} (${error.code}).`, { cause: error }))
    }
    server.once('error', fail)
    server.listen({ host: feed.host, port: feed.port }, () => {
      server.off('error', fail)
      resolve()
    })
  })

/** All authorities of a country's public service take less. */
const MOST_PEM_BYTES = 5 * 1024 * 1024

const tlsOptions = async (name: string, tls: NonNullable<MllpFeed['tls']>): Promise<TlsOptions> => {
  const read = async (setting: string, file: string): Promise<Buffer> => {
    const cannot = (why: string, cause?: unknown): Failure => new Failure('SETTING_INVALID', `Feed ${name}: tls.${setting} ${file} cannot be read (${why}).`, { cause })
    const failed = (cause: NodeJS.ErrnoException): never => { throw cannot(cause.code ?? 'unknown', cause) }
    const found = await stat(file).catch(failed)
    // At a pipe the feed, and with it every later change of the policy, would wait for ever.
    if (!found.isFile() || found.size > MOST_PEM_BYTES) throw cannot(found.isFile() ? 'it is too large for keys or certificates' : 'it is no plain file')
    return readFile(file).catch(failed)
  }
  return {
    minVersion: 'TLSv1.2',
    handshakeTimeout: HANDSHAKE_WITHIN_MS,
    key: await read('key_file', tls.key_file),
    cert: await read('cert_file', tls.cert_file),
    ...(tls.client_ca_file === undefined ? {} : { ca: await read('client_ca_file', tls.client_ca_file), requestCert: true, rejectUnauthorized: true }),
  }
}
