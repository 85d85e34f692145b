// Codes that documents came with and that are in no list, and documents without any code: a worklist. It refuses to tell
// whatever else stands in a name: a code is four letters, for other words could be a person's.
import type { Pool } from 'pg'
import { NOT_LISTED } from './observed-report.ts'
import type { CodeSeen, CodesAsked } from './review-words.ts'
import { instant, present } from './rows.ts'
import type { Row } from './rows.ts'

const EXAMPLES = 3

const SEEN = `
  select d.code, case when d.team is null or btrim(d.team) = any($4::text[]) then btrim(d.team) else $5 end as team,
    to_char(d.received_at at time zone 'Europe/London', 'YYYY-MM') as month, count(*)::int as documents,
    (count(*) filter (where v.facts->>'instruction' = 'share'))::int as share, min(d.received_at) as first, max(d.received_at) as last,
    (array_agg(json_build_object('id', d.id, 'sourceId', d.source_id) order by d.received_at desc, d.id))[1:${EXAMPLES}] as examples
  from documents d join revisions v on v.document_id = d.id and v.revision = d.revision
  where d.revision > 0 and d.received_at >= $1 and d.received_at < $2 and (d.code is null or (d.code <> all($3::text[]) and d.code ~ '^[A-Z]{4}$'))
  group by 1, 2, 3 order by 1 nulls last, 3 desc, 2 nulls last`

export const codesSeen = async (pool: Pool, { since, until, listed, teams }: CodesAsked): Promise<readonly CodeSeen[]> =>
  (await pool.query<Row>(SEEN, [since, until, listed, teams, NOT_LISTED])).rows.map((row) => present<CodeSeen>({
    code: row['code'] as string | null,
    team: row['team'] as string | null,
    month: row['month'] as string,
    documents: row['documents'] as number,
    share: row['share'] as number,
    firstSeen: instant(row['first'])!,
    lastSeen: instant(row['last'])!,
    examples: row['examples'] as CodeSeen['examples'],
  }))
