// Codes that documents came with and that are in no list, and documents without any code: a worklist. It refuses to tell
// whatever else stands in a name: a code is four letters, for other words could be a person's.
import type { Pool } from 'pg'
import { NOT_LISTED } from './observed-report.ts'
import type { CodeSeen, CodesAsked } from './review-words.ts'
import { instant, present } from './rows.ts'
import type { Row } from './rows.ts'

const EXAMPLES = 3

// From one code to the next in its index, and of those not listed their documents alone: the others are nearly all there are.
// The instruction of a document of old stands in its revision.
const SEEN = `
  with recursive codes (code) as (
    (select code from documents where code is not null order by code limit 1)
    union all select (select d.code from documents d where d.code > c.code order by d.code limit 1) from codes c where c.code is not null),
  found as (
    select d.* from codes c cross join lateral (
      select id, source_id, revision, code, team, received_at, instruction from documents where code = c.code and revision > 0 and received_at >= $1 and received_at < $2 offset 0) d
    where c.code <> all($3::text[]) and c.code ~ '^[A-Z]{4}$'
    union all select id, source_id, revision, code, team, received_at, instruction from documents where code is null and revision > 0 and received_at >= $1 and received_at < $2),
  told as (
    select id, source_id, code, received_at, case when team is null or btrim(team) = any($4::text[]) then btrim(team) else $5 end as team, to_char(received_at at time zone 'Europe/London', 'YYYY-MM') as month,
      coalesce(instruction, (select v.facts->>'instruction' from revisions v where v.document_id = found.id and v.revision = found.revision)) = 'share' as share
    from found)
  select code, team, month, count(*)::int as documents, (count(*) filter (where share))::int as share, min(received_at) as first, max(received_at) as last,
    array_agg(json_build_object('id', id, 'sourceId', source_id) order by received_at desc, id) filter (where place <= ${EXAMPLES}) as examples
  from (select *, row_number() over (partition by code, team, month order by received_at desc, id) as place from told) placed
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
