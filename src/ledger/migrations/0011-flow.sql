-- What a day looks like at a glance: what moved, counted by hour and by minute as it is appended to the log, so that no
-- page counts a million documents; what waits, by since when; and what each process knows of the destinations it sends to.

create table flow (
  hour timestamptz(0) not null,
  -- A feed, or a destination.
  channel text not null,
  -- in, out, read, printed, recalled, failed: see flow_what.
  what text not null,
  count integer not null,
  primary key (hour, channel, what)
) with (fillfactor = 50);

-- The same by minute, of the last hours only: how fast a destination is going.
create table flow_minutes (
  minute timestamptz(0) not null,
  channel text not null,
  what text not null,
  count integer not null,
  primary key (minute, channel, what)
) with (fillfactor = 50);

-- What an entry of the log counts as; null where it counts for nothing. An exchange counts by what came of the delivery:
-- a look that finds the letter there has handed it over. Entries of old do not say that, and count by their outcome.
create function flow_what(kind text, detail json) returns text language sql immutable as $$
  select case kind
    when 'received' then 'in'
    when 'read' then 'read'
    when 'print-acknowledged' then 'printed'
    when 'print-rejected' then 'failed'
    when 'blocked' then 'failed'
    when 'attempt-ended' then case coalesce(detail->>'state', case when detail->>'outcome' = 'accepted' then detail->>'action' end)
      when 'acknowledged' then 'out' when 'printing' then 'out' when 'printed' then 'out' when 'create' then 'out' when 'update' then 'out'
      when 'recalled' then 'recalled' when 'recall' then 'recalled' when 'failed' then 'failed' end
  end
$$;

-- Of an entry that counts: the feed, or the destination. The print house writes as itself.
create function flow_channel(kind text, actor text, detail json) returns text language sql immutable as $$
  select case kind when 'received' then coalesce(detail->>'feed', actor) else coalesce(detail->>'destination', actor) end
$$;

create or replace function append_events(entries json) returns void language plpgsql as $$
declare
  seqs bigint;
  last_hash text;
  entry record;
begin
  select head.seq, head.hash into strict seqs, last_hash from head for update;
  for entry in select * from json_to_recordset(entries) as e(at text, document_id text, kind text, actor text, detail text) loop
    seqs := seqs + 1;
    last_hash := encode(sha256(convert_to(concat_ws(E'\n', last_hash, seqs, entry.at, coalesce(entry.document_id, ''), entry.kind, entry.actor, entry.detail), 'UTF8')), 'hex');
    insert into events (seq, at, document_id, kind, actor, detail, hash)
      values (seqs, entry.at::timestamptz, entry.document_id::uuid, entry.kind, entry.actor, entry.detail, last_hash);
  end loop;
  update head set seq = seqs, hash = last_hash;
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

-- Of the log so far, what pages look back on.
insert into flow
  select date_trunc('hour', e.at, 'UTC'), case e.kind when 'attempt-ended' then y.destination else flow_channel(e.kind, e.actor, e.detail::json) end, flow_what(e.kind, e.detail::json), count(*)
  from events e left join deliveries y on e.kind = 'attempt-ended' and y.id = (e.detail::json->>'delivery')::uuid
  where e.at > now() - interval '40 days' and e.kind in ('received', 'read', 'print-acknowledged', 'print-rejected', 'blocked', 'attempt-ended')
    and flow_what(e.kind, e.detail::json) is not null and (e.kind <> 'attempt-ended' or y.destination is not null)
  group by 1, 2, 3;

-- What first came in and where it stands, by day, without its rows; and what waits, by since when.
create index documents_flow on documents (first_received_at, state) where revision > 0;
create index deliveries_waiting on deliveries (destination, changed_at) where state in ('owed', 'sending', 'recalling');

-- The circuit of each destination, as the process that sends there sees it. A row that nobody has written for a while is
-- of a process that is gone.
create table destination_states (
  process text not null,
  destination text not null,
  circuit text not null check (circuit in ('closed', 'slow', 'open', 'half-open')),
  until timestamptz(3),
  code text,
  since timestamptz(3) not null,
  seen_at timestamptz(3) not null,
  primary key (process, destination)
);
