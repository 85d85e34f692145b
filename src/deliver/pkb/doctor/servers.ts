// Whether a server of PKB's can be reached: its name, its port, its certificate. It refuses to send anything, and to take
// a certificate that the engine would not take.
import { lookup } from 'node:dns/promises'
import { isIP, Socket } from 'node:net'
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls'
import { ok, wrong, type Finding, type Found } from './findings.ts'

export type Server = { readonly host: string; readonly port: number; readonly tls: boolean; readonly isSandbox: boolean }

export const serverOf = (url: string, isSandbox: boolean): Server => {
  const { hostname, port, protocol } = new URL(url)
  const tls = protocol === 'https:'
  return { host: hostname.replace(/^\[(.*)\]$/u, '$1'), port: port === '' ? (tls ? 443 : 80) : Number(port), tls, isSandbox }
}
export const nameOf = ({ host, port }: Server): string => `${host.includes(':') ? `[${host}]` : host}:${port}`

type Wait = { readonly waitMs: number; readonly now: () => Date }

/** Step by step, as far as it goes. Each step is told when it is known. */
export const reach = async (server: Server, wait: Wait, tell: (finding: Finding) => void): Promise<boolean> => {
  for (const [step, look] of [['name', name], ['port', port], ['certificate', certificate]] as const) {
    const found = await look(server, wait)
    if (found) tell({ about: nameOf(server), step, ...found })
    if (found?.result === 'wrong') return false
  }
  return true
}

const codeOf = (error: unknown): string => { const { code } = error as { code?: unknown }; return typeof code === 'string' ? code : 'UNKNOWN' }

const name = async ({ host }: Server): Promise<Found | undefined> => {
  if (isIP(host) !== 0) return undefined
  try {
    return ok(`is known, as ${(await lookup(host, { all: true })).map(({ address }) => address).slice(0, 3).join(', ')}`)
  } catch (error) {
    return wrong(`the name is not known here (${codeOf(error)})`, 'See whether it is spelt as PKB gave it. Names that begin with nww are known on HSCN only: ask your network team for its name servers.')
  }
}

const NOT_RUNNING = 'The sandbox is not running: start the engine with npm start, or the sandbox alone with npx openletter sandbox.'
const FIREWALL = 'Ask your network team whether this machine may go out to it: PKB takes FHIR at port 443 and HL7 at port 7443.'

const port = async (server: Server, { waitMs }: Wait): Promise<Found> => {
  const code = await connected(new Socket().connect(server.port, server.host), 'connect', waitMs)
  if (code === undefined) return ok('answers')
  return wrong(code === 'TIMEOUT' ? 'nothing answers' : `nothing takes the connection (${code})`, server.isSandbox ? NOT_RUNNING : FIREWALL)
}

const connected = (socket: Socket, event: string, waitMs: number): Promise<string | undefined> => {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  socket.setTimeout(waitMs, () => resolve('TIMEOUT'))
  socket.once(event, () => resolve(undefined)).once('error', (error) => resolve(codeOf(error)))
  return promise.finally(() => socket.destroy())
}

const SOON_DAYS = 30
const DAY_MS = 86_400_000

const certificate = async (server: Server, { waitMs, now }: Wait): Promise<Found | undefined> => {
  if (!server.tls) return undefined
  let seen: { readonly until: string; readonly version: string } | undefined
  const socket: TLSSocket = connect({ host: server.host, port: server.port, ...(isIP(server.host) === 0 ? { servername: server.host } : {}) })
  socket.once('secureConnect', () => { seen = { until: validUntil(socket.getPeerCertificate()), version: socket.getProtocol() ?? 'TLS' } })
  const code = await connected(socket, 'secureConnect', waitMs)
  return code === undefined && seen ? lasting(seen, now()) : refused(code ?? 'UNKNOWN')
}

const validUntil = ({ valid_to: until }: PeerCertificate): string => new Date(until).toISOString().slice(0, 10)

/** Whoever keeps the certificate of PKB, or of a proxy before it, may have forgotten it. */
export const lasting = ({ until, version }: { readonly until: string; readonly version: string }, now: Date): Found => {
  const days = Math.floor((Date.parse(until) - now.getTime()) / DAY_MS)
  return days >= SOON_DAYS ? ok(`is good until ${until} (${version.replace('v', ' ')})`) : wrong(`runs out on ${until}`, 'Ask PKB for the day of its renewal: from that day on nothing can be sent.')
}

const REFUSED: readonly (readonly [codes: RegExp, says: string, advice: string])[] = [
  [/SELF_SIGNED|UNABLE_TO|UNTRUSTED/u, 'was made by somebody whom this machine does not trust', 'If your network opens TLS on its way, give Node its authority with NODE_EXTRA_CA_CERTS; else somebody stands between you and PKB.'],
  [/ALTNAME|HOSTNAME/u, 'is for another name', 'Write the name that PKB gave you: an address that only leads there has no certificate of its own.'],
  [/EXPIRED|NOT_YET/u, 'is not valid today', "See whether this machine's clock is right; else tell PKB."],
  [/EPROTO|SSL|TLS|ECONNRESET/u, 'is not shown: what answers there does not speak TLS as it is wanted', 'See whether port and https are right. PKB takes TLS 1.2 and later.'],
]

const refused = (code: string): Found => {
  const [, says, advice] = REFUSED.find(([codes]) => codes.test(code)) ?? []
  return wrong(`${says ?? 'could not be seen'} (${code})`, advice ?? FIREWALL)
}
