// Makes the plan of a retry run: which deliveries, in which order, and what is to become of each. It refuses to change any
// of them, and to make one plan of deliveries to several destinations.
import type { Pool, PoolClient } from 'pg'
import type { Failing } from '../decide/cause.ts'
import { isPart, MOST_MEMBERS, type MemberClass } from '../decide/retry-run.ts'
import { Failure } from '../errors.ts'
import { inTransaction } from './database.ts'
import { inGroup, troubleOf } from './failures.ts'
import { glance } from './load.ts'
import { triedFor } from './people.ts'
import { isUuid } from './queries.ts'
import { toJson } from './rows.ts'
import type { DeliveryRecord, DocumentRecord, Row } from './rows.ts'
import { policyInForce } from './policies.ts'
import { appendRun, askerText, run as runById } from './runs.ts'
import type { Run, RunAsked, RunBy, RunOf } from './run-words.ts'
import { deliveriesOf } from './workspace.ts'
import type { LedgerParts, Workspace } from './workspace.ts'

/** Documents that are read at a time: of each all that matters, at one moment. */
const AT_ONCE = 1_000
/** Each on a connection of its own. */
const READERS = 3

type Chosen = { readonly id: string; readonly documentId: string; readonly destination: string; /** Absent where nothing is in trouble any more. */ readonly failing?: Failing }
type Set = { readonly chosen: readonly Chosen[]; readonly cut: boolean; readonly group?: string }

export const planRun = async (pool: Pool, parts: LedgerParts, { kind, of, changed, perMinute }: RunAsked, { actor, id: who, kind: whoIs, at }: Omit<RunBy, 'reason'>): Promise<Run | undefined> => {
  const set = await chosenBy(pool, parts.accountFreshHours, of, at)
  if (!set || set.chosen.length === 0) return undefined
  const [destination = '', ...others] = new Set(set.chosen.map((one) => one.destination))
  if (others.length > 0) throw new Failure('QUERY_INVALID', 'deliveries: Choose those to one destination.')
  if (kind === 'print' && destination !== 'pkb') throw new Failure('QUERY_INVALID', 'kind: Only what is meant for the record can go by post instead.')
  const members = inOrder(await membersOf(pool, parts, kind, set.chosen))
  const id = parts.newId()
  const [failing] = set.chosen.flatMap((one) => one.failing ?? [])
  const isOne = set.chosen.every((one) => one.failing !== undefined && one.failing.cause === failing?.cause && one.failing.signature === failing.signature)
  const inForce = await policyInForce(pool)
  const row: Row = {
    id, kind, group_key: set.group, destination, ...(isOne ? failing : {}), state: 'planned', planned_by: actor, planned_by_id: askerText({ id: who, kind: whoIs }), planned_at: at, policy: inForce?.hash, changed, cut: set.cut, per_minute: perMinute(destination), step: 0, base: 0,
  }
  const rows = members.map(({ record, delivery, which, patient, cause, signature }, n): Row => ({
    run_id: id, delivery_id: delivery.id, document_id: record.id, place: n + 1, patient, revision: record.revision, cause, signature, policy: record.inForce!.decision.policy,
    class: which, state: isPart(kind, which, changed) ? 'waiting' : 'left-out', attempt_before: delivery.attemptId,
  }))
  return inTransaction(pool, async (client) => {
    await client.query('insert into runs select * from json_populate_record(null::runs, $1)', [toJson(row)])
    await client.query('insert into run_members select * from json_populate_recordset(null::run_members, $1)', [toJson(rows)])
    // One plan takes the place of another that nobody started.
    if ('run' in of) await client.query("update runs set state = 'cancelled', ended_at = $2 where id = $1 and state = 'planned'", [of.run, at])
    const made = await runById(client, id)
    await appendRun(client, at, actor, { run: id, what: 'plan', state: 'planned', kind, deliveries: made!.part, reason: changed })
    return made
  })
}

// ---------------------------------------------------------------- which deliveries

const chosenBy = async (pool: Pool, freshHours: number, of: RunOf, at: string): Promise<Set | undefined> => {
  if ('group' in of) {
    const all = await inGroup(pool, freshHours, at, of.group)
    return all && { chosen: all.members.slice(0, MOST_MEMBERS).map(({ id, documentId }) => ({ id, documentId, ...all.wrong })), cut: all.members.length > MOST_MEMBERS, group: of.group }
  }
  const before = 'run' in of ? await runById(pool, of.run) : undefined
  if ('run' in of && !before) return undefined
  const ids = 'run' in of ? (await pool.query<Row>('select delivery_id from run_members where run_id = $1 order by place', [of.run])).rows.map((row) => row['delivery_id'] as string) : [...new Set(of.deliveries.filter(isUuid))]
  if (ids.length > MOST_MEMBERS) throw new Failure('QUERY_INVALID', `deliveries: Choose up to ${MOST_MEMBERS}.`)
  const [inTrouble, { rows }] = await Promise.all([troubleOf(pool, freshHours, at, ids), pool.query<Row>('select id, document_id, destination from deliveries where id = any($1::uuid[])', [ids])])
  const chosen = rows.map((row): Chosen => {
    const failing = inTrouble.get(row['id'] as string)?.failing
    return { id: row['id'] as string, documentId: row['document_id'] as string, destination: row['destination'] as string, ...(failing ? { failing } : {}) }
  })
  return { chosen, cut: before?.cut ?? false, ...(before?.group === undefined ? {} : { group: before.group }) }
}

// ---------------------------------------------------------------- what is to become of each

type Member = { readonly record: DocumentRecord; readonly delivery: DeliveryRecord; readonly which: MemberClass; readonly cause?: string; readonly signature?: string }

const OPENING = 'begin isolation level repeatable read, read only; set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off'

const membersOf = async (pool: Pool, parts: LedgerParts, kind: RunAsked['kind'], chosen: readonly Chosen[]): Promise<readonly Member[]> =>
  (await Promise.all(inPieces(chosen, Math.max(AT_ONCE, Math.ceil(chosen.length / READERS))).map((share) => readShare(pool, parts, kind, share)))).flat()

const readShare = (pool: Pool, parts: LedgerParts, kind: RunAsked['kind'], share: readonly Chosen[]): Promise<readonly Member[]> =>
  inTransaction(pool, async (client) => {
    const members: Member[] = []
    for (const some of inPieces(share, AT_ONCE)) members.push(...await readSome(client, parts, kind, some))
    return members
  }, OPENING)

const inPieces = <T>(list: readonly T[], size: number): readonly (readonly T[])[] => Array.from({ length: Math.ceil(list.length / size) }, (_, n) => list.slice(n * size, (n + 1) * size))

const readSome = async (client: PoolClient, parts: LedgerParts, kind: RunAsked['kind'], chosen: readonly Chosen[]): Promise<readonly Member[]> => {
  const space = await glance(client, [...new Set(chosen.map(({ documentId }) => documentId))], parts)
  return chosen.flatMap(({ id, documentId, failing }): Member[] => {
    const record = space.documents.get(documentId)
    const delivery = deliveriesOf(space, documentId).find((one) => one.id === id)
    return record?.inForce && delivery ? [{ record, delivery, which: failing ? classOf(space, record, delivery, kind) : 'nothing', ...failing }] : []
  })
}

/** Looked at once more when its turn comes. */
export const classOf = (space: Workspace, record: DocumentRecord, delivery: DeliveryRecord, kind: RunAsked['kind']): MemberClass => {
  const isOver = kind === 'print' ? record.inForce!.decision.route !== 'pkb' || delivery.identifier !== record.identifier : triedFor(space, record, delivery) === undefined
  if (isOver) return 'nothing'
  if (delivery.state === 'blocked') return 'blocked'
  if (delivery.state === 'failed' && delivery.lastOutcome === 'refused') return 'refused'
  return delivery.standing === 'unsure' ? 'unsure' : 'plain'
}

const when = ({ record }: Member): string => record.lastSourceTime ?? record.receivedAt ?? ''
/** RiO tells the time to the second, if that. */
const cameIn = ({ record }: Member): string => record.firstReceivedAt ?? ''

/** By the time in RiO, so that a patient's letters come in the order in which they were written; who has no NHS number stands alone. */
const inOrder = (members: readonly Member[]): readonly (Member & { readonly patient: number })[] => {
  const patients = new Map<string, number>()
  let alone = 0
  return members.toSorted((a, b) => when(a).localeCompare(when(b)) || cameIn(a).localeCompare(cameIn(b)) || (a.delivery.id < b.delivery.id ? -1 : 1)).map((member) => {
    const nhsNumber = member.delivery.nhsNumber ?? member.record.nhsNumber
    if (nhsNumber === undefined) return { ...member, patient: (alone -= 1) }
    if (!patients.has(nhsNumber)) patients.set(nhsNumber, patients.size + 1)
    return { ...member, patient: patients.get(nhsNumber)! }
  })
}
