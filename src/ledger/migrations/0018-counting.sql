-- Half the commits of a delivery add nothing that is counted, such as the beginning of an attempt: those leave the counts
-- alone. The rest is as in 0011.
create or replace function append_events(entries json) returns void language plpgsql as $$
declare
  seqs bigint;
  last_hash text;
  entry record;
  counts boolean := false;
begin
  select head.seq, head.hash into strict seqs, last_hash from head for update;
  for entry in select * from json_to_recordset(entries) as e(at text, document_id text, kind text, actor text, detail text) loop
    seqs := seqs + 1;
    last_hash := encode(sha256(convert_to(concat_ws(E'\n', last_hash, seqs, entry.at, coalesce(entry.document_id, ''), entry.kind, entry.actor, entry.detail), 'UTF8')), 'hex');
    insert into events (seq, at, document_id, kind, actor, detail, hash)
      values (seqs, entry.at::timestamptz, entry.document_id::uuid, entry.kind, entry.actor, entry.detail, last_hash);
    counts := counts or entry.kind in ('received', 'read', 'print-acknowledged', 'print-rejected', 'blocked', 'attempt-ended');
  end loop;
  update head set seq = seqs, hash = last_hash;
  if not counts then return; end if;
  -- Behind the head, so that nobody else counts at the same moment.
  with counted as materialized (
    select date_trunc('minute', at::timestamptz, 'UTC') as minute, flow_channel(kind, actor, detail::json) as channel, flow_what(kind, detail::json) as what
    from json_to_recordset(entries) as e(at text, kind text, actor text, detail text)
    where kind in ('received', 'read', 'print-acknowledged', 'print-rejected', 'blocked', 'attempt-ended')
  ), by_hour as (
    insert into flow select date_trunc('hour', minute, 'UTC'), channel, what, count(*) from counted where what is not null group by 1, 2, 3
    on conflict (hour, channel, what) do update set count = flow.count + excluded.count)
  insert into flow_minutes select minute, channel, what, count(*) from counted where what is not null group by 1, 2, 3
  on conflict (minute, channel, what) do update set count = flow_minutes.count + excluded.count;
end
$$;
