// What the print house gets told about one letter, as JSON and as CSV. The JSON holds the values as they are; the CSV
// is the same for people. It refuses to write for a letter without a name or a usable address, and anything that the
// print house does not need.
import type { Shipment } from '../destination.ts'
import type { PrintDestination } from '../../policy/schema.ts'
import type { Address, Patient } from '../../types.ts'
import { csv } from '../../csv.ts'

const ENVELOPE_MARK = 'Private and confidential, addressee only'
const ADDRESS_LINES = 7
const NO_ADDRESS = /no fixed (abode|address)/iu
const POSTCODE = /^([A-Z]{1,2}\d[A-Z\d]?)(\d[A-Z]{2})$/u

/** Control characters and those that turn the direction of text have no business on an envelope. */
const plain = (text: string): string => text.normalize('NFC').replace(/[\p{Cc}\u202A-\u202E\u2066-\u2069]+/gu, ' ').replace(/\s+/gu, ' ').trim()

/** `e1  4aa` → `E1 4AA`; undefined for what is not a postcode of the United Kingdom. */
const postcodeOf = (text: string): string | undefined => {
  const parts = POSTCODE.exec(plain(text).toUpperCase().replaceAll(' ', ''))
  return parts ? `${parts[1]} ${parts[2]}` : undefined
}

/** One to seven lines and the postcode, or undefined. What is beyond the seventh line goes on in it: nothing is lost. */
export const postalAddress = (address: Address | undefined): { readonly lines: readonly string[]; readonly postcode: string } | undefined => {
  const lines = (address?.lines ?? []).flatMap((line) => line.split(/\r\n?|\n/u)).map(plain).filter((line) => line !== '')
  const postcode = postcodeOf(address?.postcode ?? '')
  if (lines.length === 0 || postcode === undefined || lines.some((line) => NO_ADDRESS.test(line))) return undefined
  const kept = lines.slice(0, ADDRESS_LINES - 1)
  const rest = lines.slice(ADDRESS_LINES - 1)
  return { lines: rest.length > 0 ? [...kept, rest.join(', ')] : kept, postcode }
}

export const nameOf = (patient: Patient): string => plain(`${patient.given ?? ''} ${patient.family ?? ''}`)

const distinct = (texts: readonly string[]): readonly string[] => [...new Set(texts.map((text) => text.trim()).filter((text) => text !== ''))]

export type Printed = {
  readonly batch: string
  readonly createdAt: string
  readonly file: string
  readonly pages: number | null
  readonly name: string
  readonly address: { readonly lines: readonly string[]; readonly postcode: string }
}

export const manifest = (shipment: Shipment, settings: PrintDestination, printed: Printed) => {
  const { batch, createdAt, file, pages, name, address } = printed
  const bytes = shipment.content.size
  return {
    format: 'openletter-print-1',
    header: { batch, mode: settings.mode, createdAt, items: 1, pages, bytes },
    items: [
      {
        item: shipment.deliveryId,
        document: shipment.documentId,
        revision: shipment.revision,
        nhsNumber: shipment.nhsNumber,
        nhsNumberStatus: distinct(shipment.document.patient.traceStatuses.map((status) => status.text)),
        name,
        address,
        formatNeeds: distinct(shipment.document.patient.formatNeeds.map((need) => need.text)),
        postage: settings.postage,
        sides: 'two-sided-long-edge',
        colour: 'colour',
        envelopeMark: ENVELOPE_MARK,
        returnAddress: settings.return_address,
        file,
        sha256: shipment.content.sha256,
        bytes,
        pages,
        decision: { rule: shipment.rule, policy: shipment.policy },
      },
    ],
    trailer: { batch, items: 1, pages, bytes },
  } as const
}
export type Manifest = ReturnType<typeof manifest>

const COLUMNS = [
  'record', 'batch', 'mode', 'created_at', 'items', 'item', 'document', 'revision', 'nhs_number', 'nhs_number_status', 'name',
  'address_1', 'address_2', 'address_3', 'address_4', 'address_5', 'address_6', 'address_7', 'postcode', 'format_needs', 'postage', 'sides', 'colour',
  'envelope_mark', 'return_address', 'file', 'sha256', 'bytes', 'pages', 'rule', 'policy',
] as const
type Row = Record<(typeof COLUMNS)[number], string>
const EMPTY = Object.fromEntries(COLUMNS.map((column) => [column, ''])) as Row
const number = (value: number | null): string => (value === null ? '' : String(value))

/** The first column tells header, item and trailer apart; each row has every column. */
export const manifestCsv = ({ header, items, trailer }: Manifest): string => {
  const frame = { batch: header.batch, mode: header.mode, created_at: header.createdAt }
  return csv(COLUMNS, [
    { ...EMPTY, ...frame, record: 'header', items: String(header.items), pages: number(header.pages), bytes: String(header.bytes) },
    ...items.map((item): Row => ({
      ...EMPTY,
      ...frame,
      record: 'item',
      item: item.item,
      document: item.document,
      revision: String(item.revision),
      nhs_number: item.nhsNumber,
      nhs_number_status: item.nhsNumberStatus.join(' '),
      name: item.name,
      ...Object.fromEntries(item.address.lines.map((line, index) => [`address_${index + 1}`, line])),
      postcode: item.address.postcode,
      format_needs: item.formatNeeds.join('; '),
      postage: item.postage,
      sides: item.sides,
      colour: item.colour,
      envelope_mark: item.envelopeMark,
      return_address: item.returnAddress.join(', '),
      file: item.file,
      sha256: item.sha256,
      bytes: String(item.bytes),
      pages: number(item.pages),
      rule: item.decision.rule,
      policy: item.decision.policy,
    })),
    { ...EMPTY, ...frame, record: 'trailer', items: String(trailer.items), pages: number(trailer.pages), bytes: String(trailer.bytes) },
  ])
}
