// What a person would see: the list of people, one record as a page or as JSON, and the documents themselves. It
// refuses to look like the real thing: every page opens with a banner. Pages ask nothing of any other host.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import nunjucks from 'nunjucks'
import type { Documents, Stored } from './documents.ts'
import { asJson, outcome } from './outcome.ts'
import type { People, Person } from './people.ts'
import { isTenDigits } from './people.ts'
import type { Answer, Ask, Route } from './router.ts'
import type { Spool } from './spool.ts'

const FOLDER = fileURLToPath(new URL('pages/', import.meta.url))
const CLOSED = "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
const SHOWN_IN_BROWSER = ['application/pdf', 'image/png', 'image/jpeg', 'text/plain']

/** Exactly what `GET /records/{nhs-number}` promises. */
export type RecordView = {
  readonly nhsNumber: string
  readonly registered: boolean
  readonly documents: readonly {
    readonly id: string
    readonly title: string
    readonly contentType: string
    /** Bytes. */
    readonly size: number
    readonly sha256: string
    readonly privacyLabel: string
    readonly receivedAt: string
    readonly replacedAt: string | null
    readonly by: 'fhir' | 'hl7'
    /** TXA-12.1; null for what came by FHIR. */
    readonly documentNumber: string | null
    /** The patient knows of it before, and cannot open it; null: at once. */
    readonly visibleFrom: string | null
    readonly readAt: string | null
  }[]
  /** Messages for this person that somebody has yet to accept or reject. */
  readonly quarantined: number
}

const seen = (documents: Documents, nhsNumber: string): readonly Stored[] =>
  documents.ofPatient(nhsNumber).filter(({ status }) => status !== 'entered-in-error')

const entry = (stored: Stored): RecordView['documents'][number] => ({
  id: stored.id,
  title: stored.title,
  contentType: stored.contentType,
  size: stored.cut?.size ?? 0,
  sha256: stored.cut?.sha256 ?? '',
  privacyLabel: stored.privacyLabel,
  receivedAt: stored.receivedAt,
  replacedAt: stored.replacedAt,
  by: stored.by,
  documentNumber: stored.by === 'hl7' ? stored.key : null,
  visibleFrom: stored.visibleFrom ?? null,
  readAt: stored.readAt ?? null,
})

/** Of the types on offer the one that `Accept` likes best; the first on a tie. */
const preferred = (accept: string | undefined, offered: readonly string[]): string | undefined => {
  const wishes = (accept ?? '*/*').split(',').map((part) => {
    const [range = '', ...options] = part.trim().toLowerCase().split(/\s*;\s*/)
    return { range, q: Number(options.find((option) => option.startsWith('q='))?.slice(2) ?? 1) }
  })
  const liking = (type: string): number => {
    const fits = [type, `${type.split('/')[0]}/*`, '*/*'].map((range) => wishes.find((wish) => wish.range === range)).find(Boolean)
    return fits?.q ?? 0
  }
  return offered.toSorted((a, b) => liking(b) - liking(a))[0]
}

const templates = (): nunjucks.Environment => {
  const moment = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'Europe/London' })
  const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' })
  return new nunjucks.Environment(new nunjucks.FileSystemLoader(FOLDER), { autoescape: true })
    .addFilter('spaced', (text: string) => text.replace(/^(\d{3})(\d{3})(\d{4})$/, '$1 $2 $3'))
    .addFilter('day', (text: string) => day.format(new Date(text)))
    .addFilter('moment', (text: string) => moment.format(new Date(text)))
    .addFilter('label', (text: string) => (text.charAt(0) + text.slice(1).toLowerCase()).replaceAll('_', ' '))
    .addFilter('bytes', (size: number) => (size < 1000 ? `${size} bytes` : size < 1e6 ? `${(size / 1e3).toFixed(1)} kB` : `${(size / 1e6).toFixed(1)} MB`))
}

/** The NHS stylesheet without its fonts, which would be fetched from another host. */
const stylesheet = async (): Promise<string> => {
  const folder = dirname(createRequire(import.meta.url).resolve('nhsuk-frontend/package.json'))
  const css = await readFile(join(folder, 'dist/nhsuk/nhsuk-frontend.min.css'), 'utf8')
  return css.replaceAll(/@font-face\{[^}]*\}/g, '')
}

const file = (stored: Stored, spool: Spool): Answer => {
  const name = encodeURIComponent(stored.title).replaceAll(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`)
  const where = SHOWN_IN_BROWSER.includes(stored.contentType) ? 'inline' : 'attachment'
  return {
    status: 200,
    headers: {
      'Content-Type': /^[\w.+-]+\/[\w.+-]+$/.test(stored.contentType) ? stored.contentType : 'application/octet-stream',
      'Content-Length': String(stored.cut?.size ?? 0),
      'Content-Disposition': `${where}; filename*=UTF-8''${name}`,
      'X-Content-Type-Options': 'nosniff',
    },
    body: spool.read(stored.cut?.extents ?? []),
  }
}

export type PageParts = { readonly people: () => People; readonly documents: Documents; readonly spool: Spool; readonly now: () => Date }

export const pageRoutes = async ({ people, documents, spool, now }: PageParts): Promise<readonly Route[]> => {
  const env = templates()
  const assets = { 'nhsuk.css': await stylesheet(), 'sandbox.css': await readFile(join(FOLDER, 'sandbox.css'), 'utf8') }

  const page = (template: string, values: object): Answer => ({
    status: 200,
    headers: { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': CLOSED, 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer', Vary: 'Accept' },
    body: env.render(template, values),
  })

  const shown = (nhsNumber: string, person: Person | undefined) => ({
    ...(person ?? { nhsNumber, registered: false, deceased: false }),
    name: person?.name ?? 'A person without a name here',
    known: person !== undefined,
    documents: seen(documents, nhsNumber).length,
  })

  const record = (ask: Ask): Answer => {
    const nhsNumber = ask.params['nhs-number'] ?? ''
    if (!isTenDigits(nhsNumber)) return outcome(404, 'A record is named by an NHS number of ten digits.')
    const person = people().get(nhsNumber)
    const stored = seen(documents, nhsNumber)
    const view: RecordView = { nhsNumber, registered: person?.registered ?? false, documents: stored.map(entry), quarantined: documents.held().filter((one) => one.nhsNumber === nhsNumber).length }
    const wanted = ask.query.get('format') ?? preferred(ask.headers.accept, ['application/json', 'text/html'])
    if (wanted !== 'text/html' && wanted !== 'html') return { ...asJson(200, view), headers: { 'Content-Type': 'application/json; charset=utf-8', Vary: 'Accept' } }
    return page('record.njk', { person: shown(nhsNumber, person), quarantined: view.quarantined, documents: stored.map((one) => ({ ...entry(one), nopat: one.nopat, closed: isClosed(one) })).toReversed() })
  }

  const isClosed = ({ visibleFrom }: Stored): boolean => visibleFrom !== undefined && now().getTime() < Date.parse(visibleFrom)

  /** A browser that opens a letter is the patient who reads it; a test that fetches the bytes is not. */
  const open = (ask: Ask): Answer => {
    const stored = documents.get(ask.params['id'] ?? '')
    const visible = stored && !stored.deleted && !stored.held && stored.status !== 'entered-in-error' && stored.nhsNumber === ask.params['nhs-number']
    if (!visible) return outcome(404, 'There is no such document in this record.')
    if (isClosed(stored)) return outcome(403, 'The patient knows of this document and cannot open it yet.')
    if (stored.by === 'hl7' && stored.readAt === undefined && /\btext\/html\b/i.test(ask.headers.accept ?? '')) documents.markRead(stored, now().toISOString())
    return file(stored, spool)
  }

  const list = (ask: Ask): Answer => {
    const known = people()
    const strangers = new Set(documents.all().map(({ nhsNumber }) => nhsNumber).filter((nhsNumber) => !known.has(nhsNumber)))
    return page('people.njk', {
      people: [...[...known.values()].map((person) => shown(person.nhsNumber, person)), ...[...strangers].map((nhsNumber) => shown(nhsNumber, undefined))],
      addresses: [
        { what: 'Documents (FHIR R4)', where: `${ask.base}/fhir` },
        { what: 'Documents (HL7 v2 in SOAP)', where: `${ask.base}/services/hl7` },
        { what: 'Token', where: `${ask.base}/oauth/token` },
        { what: 'Facade, with tokens of its own', where: `${ask.base}/facade/fhir and ${ask.base}/facade/oauth/token` },
        { what: 'People and faults', where: `${ask.base}/control` },
      ],
    })
  }

  const style = (name: keyof typeof assets): Route =>
    ({ method: 'GET', template: `/assets/${name}`, handle: () => ({ status: 200, headers: { 'Content-Type': 'text/css; charset=utf-8' }, body: assets[name] }) })

  return [
    { method: 'GET', template: '/', handle: list },
    { method: 'GET', template: '/records/{nhs-number}', handle: record },
    { method: 'GET', template: '/records/{nhs-number}/documents/{id}', handle: open },
    style('nhsuk.css'),
    style('sandbox.css'),
  ]
}
