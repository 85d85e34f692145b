// Counts what would have become of the documents that are only observed: of directorates and feeds that are observing
// or not live. It refuses to know any of them: what leaves here are numbers by day, directorate, rule and code. A code
// that is in no list is not told: "Jane Smith letter.pdf" begins as a document with a code does.
import type { Pool } from 'pg'
import type { Ledger, ObservedCount } from './ledger.ts'
import { NOT_LISTED } from './observed-report.ts'
import { present } from './rows.ts'
import type { Row } from './rows.ts'

// Whatever a rule keeps in keeps its own route; all else is observed, unless nobody knows whose it is.
const OBSERVED = `
  select to_char(d.received_at at time zone 'Europe/London', $1) as period, d.directorate, v.facts->>'directorate' as stage, d.feed,
    coalesce(v.decision->>'wouldRoute', d.route) as route, coalesce(v.decision->>'wouldRule', d.rule) as rule,
    case when d.code is null or d.code = any($5::text[]) then d.code else $6 end as code,
    v.decision->>'conflict' = 'true' as conflict, v.decision->>'variance' = 'true' as variance, count(*)::int as documents
  from documents d join revisions v on v.document_id = d.id and v.revision = d.revision
  where d.revision > 0 and d.route in ('observe', 'withhold', 'review') and d.received_at >= $2 and d.received_at < $3
    and v.facts->>'directorate' <> 'live' and ($4::text is null or d.directorate = $4)
  group by 1, 2, 3, 4, 5, 6, 7, 8, 9 order by 1, 2 nulls last, 3, 4, 5, 6, 7 nulls last, 8, 9`

const PERIODS = { day: 'YYYY-MM-DD', month: 'YYYY-MM' } as const

export const observed = async (pool: Pool, { since, until, directorate, by, codes }: Parameters<Ledger['observed']>[0]): Promise<readonly ObservedCount[]> =>
  (await pool.query<Row>(OBSERVED, [PERIODS[by], since, until, directorate ?? null, codes, NOT_LISTED])).rows.map((row) => present<ObservedCount>({
    period: row['period'] as string,
    directorate: row['directorate'] as string | null,
    stage: row['stage'] as ObservedCount['stage'],
    feed: row['feed'] as string,
    route: row['route'] as ObservedCount['route'],
    rule: row['rule'] as string,
    code: row['code'] as string | null,
    conflict: row['conflict'] as boolean,
    variance: row['variance'] as boolean,
    documents: row['documents'] as number,
  }))
