// Files that the ledger kept from before a key was there, in the form of today, so that what was decided under them can
// still be explained. It refuses to do so for a file on disk: there whoever wrote it has to say what is missing.
import type { z } from 'zod'
import type { pkbDestination } from '../schema-destinations.ts'

type Pkb = z.input<typeof pkbDestination>

const NONE = 'none'

/** As the engine did it before: never by post instead, and a letter in the outbox pulled back. Nothing is ever sent by a kept file. */
const BEFORE_HL7 = {
  print_after: { days: 365 }, registered_later: 'pulled-back', settle_secs: 3_600,
  hl7_soap: {
    url: NONE, username: NONE, password: NONE, sending_application: NONE, document_types: {}, other_document_type: 'CL', hospital_services: {},
    title_at: 'OBX-3.2', content_type: NONE, content_subtype: NONE,
  },
} as const satisfies Partial<Pkb>

export const inTodaysForm = (value: unknown): unknown =>
  isMap(value) && value['type'] === 'pkb' && !Object.keys(BEFORE_HL7).some((key) => Object.hasOwn(value, key)) ? { ...BEFORE_HL7, ...value } : value

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value)
