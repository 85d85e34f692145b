// Counts documents of directorates that are live by month, directorate, team, code and what became of them. It refuses to
// know any of them: what leaves here are numbers. A team or code that is in no list is not told: it may be a name.
import type { Pool } from 'pg'
import { NOT_LISTED } from './observed-report.ts'
import { present } from './rows.ts'
import type { Row } from './rows.ts'
import type { RuleRoute } from '../types.ts'

export type AssuranceAsked = { readonly since: string; readonly until: string; readonly directorate?: string; /** Those that may be told. */ readonly codes: readonly string[]; readonly teams: readonly string[] }

export type AssuranceCount = {
  /** In London: `2026-11`. */
  readonly month: string
  readonly directorate?: string
  readonly team?: string
  readonly code?: string
  readonly route: RuleRoute
  readonly conflict: boolean
  readonly variance: boolean
  /** Withheld, marked not to be shared, and of a code that is not blocked: the policy alone would not have withheld it for its code. */
  readonly byInstruction: boolean
  /** Recalled, or being recalled, and not because another took its place: it was on its way to the patient, or there. */
  readonly takenBack: boolean
  readonly documents: number
}

/** What a list of documents can be narrowed to, besides what stands in each. */
export type Marked = 'conflict' | 'variance' | 'instruction' | 'taken-back'

/** Of a document `d` and its revision in force `v`: what the report counts and no column of the document's own says. */
export const BY_INSTRUCTION = `d.route = 'withhold' and v.facts->>'instruction' = 'withhold' and v.facts->>'code' <> 'blocked'`
// Where another letter took its place the patient has that one: nothing leaked.
export const TAKEN_BACK = `d.state in ('recalling', 'recalled') and v.facts->>'lifecycle' <> 'superseded'`

export type Assuring = {
  /** What became of the documents of live directorates, for those who answer for the policy there. */
  assurance(asked: AssuranceAsked): Promise<readonly AssuranceCount[]>
}

const COUNTED = `
  select to_char(d.received_at at time zone 'Europe/London', 'YYYY-MM') as month, d.directorate,
    case when d.team is null or btrim(d.team) = any($5::text[]) then btrim(d.team) else $6 end as team,
    case when d.code is null or d.code = any($4::text[]) then d.code else $6 end as code,
    d.route, v.decision->>'conflict' = 'true' as conflict, v.decision->>'variance' = 'true' as variance,
    ${BY_INSTRUCTION} as "byInstruction", ${TAKEN_BACK} as "takenBack", count(*)::int as documents
  from documents d join revisions v on v.document_id = d.id and v.revision = d.revision
  where d.revision > 0 and d.route <> 'observe' and d.received_at >= $1 and d.received_at < $2
    and v.facts->>'directorate' = 'live' and ($3::text is null or d.directorate = $3)
  group by 1, 2, 3, 4, 5, 6, 7, 8, 9 order by 1, 2 nulls last, 3 nulls last, 4 nulls last, 5, 6, 7, 8, 9`

export const assurance = async (pool: Pool, { since, until, directorate, codes, teams }: AssuranceAsked): Promise<readonly AssuranceCount[]> =>
  (await pool.query<Row>(COUNTED, [since, until, directorate ?? null, codes, teams, NOT_LISTED])).rows.map((row) => present<AssuranceCount>({
    month: row['month'] as string,
    directorate: row['directorate'] as string | null,
    team: row['team'] as string | null,
    code: row['code'] as string | null,
    route: row['route'] as RuleRoute,
    conflict: row['conflict'] as boolean,
    variance: row['variance'] as boolean,
    byInstruction: row['byInstruction'] as boolean,
    takenBack: row['takenBack'] as boolean,
    documents: row['documents'] as number,
  }))
