// A print destination on a real folder and a real content store, and letters for it.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import type { Recall, Shipment } from '../../src/deliver/destination.ts'
import { printDestination } from '../../src/deliver/print/destination.ts'
import type { Manifest } from '../../src/deliver/print/manifest.ts'
import { openContent } from '../../src/ledger/content-files.ts'
import type { ContentStore } from '../../src/ledger/content.ts'
import type { PrintDestination } from '../../src/policy/schema.ts'
import type { Patient } from '../../src/types.ts'
import { aPdf } from './pdf.ts'
import { aStory, uuid } from './story.ts'

export const printSettings = (folder: string): PrintDestination => ({
  kind: 'destination', type: 'print', approved_by: 'Head of Clinical Records', approved_on: '2026-10-01', folder, mode: 'demo',
  return_address: ['Example Trust', '1 Trust Way', 'London', 'E1 1AA'], postage: 'second', acknowledgement_poll_secs: 0.02, at_once: 1,
  retry: { first_secs: 1, ceiling_secs: 2, jitter: 0 }, circuit: { opens_after: 5, probe_secs: 1 },
})

export const DELIVERY = uuid(101)
export const signal = new AbortController().signal

export type PrintStand = {
  readonly print: ReturnType<typeof printDestination>
  readonly content: ContentStore
  readonly settings: PrintDestination
  at(...path: string[]): string
  outbox(): readonly string[]
  /** Everything in the outbox, also what nobody is to see. */
  everything(): readonly string[]
  shipment(overrides?: Partial<Shipment>, patient?: Partial<Patient>, pdf?: Buffer): Promise<Shipment>
  manifest(batch: string): Promise<Manifest>
  csv(batch: string): Promise<Record<string, string>[]>
  /** What the print house does. */
  claim(batch: string): Promise<void>
  acknowledge(batch: string, status: 'printed' | 'rejected', reason?: string): void
  close(): void
}

/** `root` may be used by many tests one after the other; `close` empties the hot folder, and the content store stays. */
export const printStand = async (root: string, content?: (real: ContentStore) => ContentStore): Promise<PrintStand> => {
  const real = await openContent(join(root, 'content'))
  const settings = printSettings(join(root, 'print'))
  const at = (...path: string[]): string => join(settings.folder, ...path)
  const everything = (): readonly string[] => (existsSync(at('outbox')) ? readdirSync(at('outbox')).sort() : [])
  return {
    print: printDestination({ settings, content: content?.(real) ?? real, now: () => new Date('2026-11-23T09:00:00Z') }),
    content: real,
    settings,
    at,
    everything,
    close: () => rmSync(settings.folder, { recursive: true, force: true }),
    outbox: () => everything().filter((name) => !name.startsWith('.')),
    shipment: async (overrides = {}, patient = {}, pdf = aPdf({ pages: 3 })) => {
      const writer = real.writer(1e8)
      await writer.write(pdf)
      await writer.keep()
      const { document, resource } = aStory()
      return {
        attemptId: uuid(77), deliveryId: DELIVERY, documentId: uuid(1), identifier: uuid(201), revision: 1, nhsNumber: '9990000018', resource,
        document: { ...document, patient: { ...document.patient, ...patient } },
        content: { sha256: createHash('sha256').update(pdf).digest('hex'), size: pdf.length, contentType: 'application/pdf' },
        rule: 'unregistered', policy: 'ab12', ...overrides,
      }
    },
    manifest: async (batch) => JSON.parse(await readFile(at('outbox', batch, 'manifest.json'), 'utf8')) as Manifest,
    csv: async (batch) => parse(await readFile(at('outbox', batch, 'manifest.csv')), { columns: true, record_delimiter: '\r\n' }) as Record<string, string>[],
    claim: async (batch) => {
      mkdirSync(at('claimed'), { recursive: true })
      await rename(at('outbox', batch), at('claimed', batch))
    },
    acknowledge: (batch, status, reason) => {
      mkdirSync(at('acknowledgements'), { recursive: true })
      writeFileSync(at('acknowledgements', `${batch}.json`), JSON.stringify({ batch, items: [{ item: batch.replace(/-r\d+$/u, ''), status, ...(reason ? { reason } : {}) }] }))
    },
  }
}

export const recallOf = ({ deliveryId, documentId, identifier, revision, nhsNumber }: Shipment): Recall => ({ attemptId: uuid(78), deliveryId, documentId, identifier, revision, nhsNumber })
