// The shapes of what the API says of channels and of messages that are tried, each once: its description is made from them. They
// refuse to describe an explanation a second time: what `explain --json` holds is left open here.
import { z } from 'zod'
import { FACTS, FACT_NAMES } from '../../types.ts'
import { ACTS, CHANNEL_STATES } from './channel-states.ts'
import { aCount, aHash, anInstant } from '../shapes.ts'

const problem = z.strictObject({ file: z.string(), line: z.int(), col: z.int(), path: z.string(), message: z.string() })
const notReached = z.strictObject({ rules: z.array(z.string()), codes: z.array(z.string()), services: z.array(z.string()), directorates: z.array(z.string()) })

const channelShape = {
  name: z.string(), kind: z.enum(['feed', 'destination']), type: z.enum(['mllp', 'http', 'folder', 'pkb', 'print', 'withhold']),
  state: z.enum(CHANNEL_STATES).meta({ description: 'alone: it should run, and no process of the engine says that it does.' }),
  status: z.string().optional(), address: z.string().meta({ description: 'Where a feed listens or a destination is: never a secret.' }), why: z.string().optional(), until: anInstant.optional(),
  halt: z.strictObject({ actor: z.string(), reason: z.string(), at: anInstant }).optional().meta({ description: 'Who paused or stopped it, and why.' }),
  processes: aCount, following: aCount, last: anInstant.optional(), today: aCount, waiting: aCount.optional(),
  files: z.array(z.string()), may: z.array(z.enum(ACTS)),
}
export const channel = z.strictObject(channelShape).meta({ id: 'Channel' })

export const filesNow = z.strictObject({
  at: anInstant, state: z.enum(['in-force', 'waiting', 'refused']), hash: aHash.optional(), problems: z.array(problem),
  tests: z.strictObject({
    passed: aCount, failed: aCount, problems: z.array(problem), blocking: z.array(problem), notReached,
    byFeed: z.array(z.strictObject({ feed: z.string(), passed: aCount, failed: aCount, notReached })),
  }).optional(),
  changes: z.array(z.strictObject({ title: z.string(), lines: z.array(z.strictObject({ text: z.string(), depth: z.number() })) })),
}).meta({ id: 'FilesNow', description: 'channels/ and mappings/ as they lie on disk, read, proved and tested; with what would be decided otherwise, where they wait to be taken.' })

export const channels = z.strictObject({ policy: aHash, channels: z.array(channel), files: filesNow.optional() }).meta({ id: 'Channels' })
export const oneChannel = z.strictObject({ ...channelShape, texts: z.array(z.strictObject({ file: z.string(), text: z.string() })) }).meta({ id: 'ChannelWithFiles' })
export const reloaded = z.strictObject({ outcome: z.enum(['taken', 'unchanged', 'refused']), policy: aHash }).meta({ id: 'Reloaded' })
export const reloadAsked = z.strictObject({ reason: z.string(), by: z.string().optional(), policy: aHash.optional().meta({ description: 'The hash on disk that was looked at: nothing is taken if the files say otherwise by now.' }) }).meta({ id: 'ReloadAsked' })

// ---------------------------------------------------------------- try it

export const tryAsked = z.strictObject({
  feed: z.string(),
  message: z.string().optional().meta({ description: 'HL7, a segment a line; {file} stands where the base64 of the document belongs.' }),
  metadata: z.record(z.string(), z.unknown()).optional().meta({ description: 'Of an upload, instead of message.' }),
  sample: z.string().optional().meta({ description: 'The name of a file in samples/, instead of both.' }),
  document: z.strictObject({ data: z.string().meta({ description: 'base64' }), name: z.string().optional(), contentType: z.string().optional() }).optional(),
  person: z.strictObject({ account: z.enum(FACTS.account).optional(), deceased: z.boolean().optional(), birthDate: z.iso.date().optional() }).optional().meta({ description: 'What PKB would know; unknown if it is not given.' }),
}).meta({ id: 'TryAsked' })

const found = z.strictObject({ text: z.string(), at: z.string(), written: z.string().optional() })
export const tried = z.strictObject({
  feed: z.string(), policy: aHash,
  refused: z.strictObject({ code: z.string(), at: z.string(), detail: z.string(), hint: z.string() }).optional(),
  reasons: z.strictObject({
    fields: z.array(z.strictObject({ field: z.string(), values: z.array(found), lookedAt: z.array(z.string()) })),
    facts: z.array(z.strictObject({ fact: z.enum(FACT_NAMES), value: z.string(), why: z.string() })),
    floor: z.array(z.strictObject({ line: z.string(), says: z.string(), forbids: z.array(z.string()) })),
    rules: z.array(z.strictObject({ rule: z.string(), file: z.string(), line: z.int(), outcome: z.enum(['matched', 'not-matched', 'not-tried']), why: z.string().optional() })),
    decision: z.looseObject({ route: z.string(), rule: z.string(), because: z.string() }),
    labels: z.array(z.strictObject({ code: z.string(), display: z.string(), system: z.string() })),
    owed: z.array(z.strictObject({ destination: z.string(), what: z.string() })),
    resource: z.looseObject({ resourceType: z.string() }),
    unread: z.array(z.string()),
  }).optional(),
}).meta({ id: 'Tried', description: 'As openletter explain says it.' })
