-- The tables of the ledger: what came in, what was decided, what is owed to each destination, what stands there,
-- every attempt, and the chained log of events. Rows are changed by the committer alone, which holds the row of a
-- document for as long as it changes anything that hangs on it. JSON is kept as it was written (json, not jsonb): it is
-- written a thousand times a second, and taking it apart would cost more than all the rest of a row.

-- ---------------------------------------------------------------- what came in

-- One RiO document, by whichever feed it came. Revision 0: known by name only, because another document named it.
create table documents (
  id uuid primary key,
  source text not null,
  source_id text not null,
  -- What destinations know it by: a fresh one for each patient that it belongs to.
  identifier uuid not null,
  revision integer not null default 0 check (revision >= 0),
  -- Counts every change of what should stand, so that an exchange can tell whether anything changed meanwhile.
  version integer not null default 0,
  feed text,
  first_received_at timestamptz(3),
  received_at timestamptz(3),
  -- As the source wrote it: compared as text, never shown.
  last_source_time text,
  nhs_number text,
  client_id text,
  cancelled boolean not null default false,
  superseded boolean not null default false,
  moved boolean not null default false,
  held boolean not null default false,
  -- The document that the revision in force replaces or adds to, in the same source.
  parent_source_id text,
  addendum boolean not null default false,
  state text,
  route text,
  rule text,
  code text,
  team text,
  directorate text,
  unique (source_id, source),
  check (revision = 0 or (feed is not null and first_received_at is not null and received_at is not null and state is not null and route is not null and rule is not null))
);
create index documents_newest on documents (received_at, id) where revision > 0;
create index documents_state on documents (state, received_at, id) where revision > 0;
create index documents_route on documents (route, received_at, id) where revision > 0;
create index documents_rule on documents (rule, received_at, id) where revision > 0;
create index documents_code on documents (code, received_at, id) where code is not null;
create index documents_nhs_number on documents (nhs_number, received_at, id) where nhs_number is not null;
create index documents_addenda on documents (parent_source_id, source) where addendum;

create table receipts (
  id uuid primary key,
  document_id uuid not null references documents,
  feed text not null,
  format text not null,
  received_at timestamptz(3) not null,
  skeleton text not null,
  -- Each file by hash and size, with its first and last bytes in base64.
  contents json not null,
  file_name text,
  declared_type text,
  fingerprint text not null,
  control_key text,
  bearing text not null check (bearing in ('in-order', 'tightens', 'late')),
  -- The revision that it made; none if it came late and changed nothing.
  revision integer,
  unique (document_id, fingerprint),
  check ((bearing = 'late') = (revision is null))
);
create index receipts_control_key on receipts (control_key) where control_key is not null;

create table revisions (
  document_id uuid not null references documents,
  revision integer not null check (revision > 0),
  -- The receipt in force.
  receipt_id uuid not null references receipts,
  received_at timestamptz(3) not null,
  -- The content that stands where the receipt left the file out: that of an earlier one. Else none of these three.
  contents json,
  file_name text,
  declared_type text,
  -- Its files by their hash alone: they are described in the contents.
  document json not null,
  tightened json not null,
  facts json not null,
  decision json not null,
  resource json not null,
  title text,
  primary key (document_id, revision)
);
create index revisions_title on revisions using gin (to_tsvector('simple', title)) where title is not null;

-- Rows of a few KB stay whole: taking them apart and compressing them costs more than it saves.
alter table receipts set (toast_tuple_target = 8160);
alter table revisions set (toast_tuple_target = 8160);

-- Messages that were refused: kept, so that nothing that came in is lost.
create table rejections (
  id uuid primary key,
  at timestamptz(3) not null,
  feed text not null,
  code text not null,
  detail text not null,
  skeleton text not null,
  -- Where it is known: the same message is kept once, however often it is sent.
  fingerprint text unique
);
create index rejections_newest on rejections (at, id);

-- ---------------------------------------------------------------- what is owed, and what stands

create table deliveries (
  id uuid primary key,
  document_id uuid not null references documents,
  destination text not null,
  identifier uuid not null,
  opened_at timestamptz(3) not null,
  changed_at timestamptz(3) not null,
  nhs_number text,
  state text not null,
  standing text not null,
  standing_revision integer,
  standing_sha256 text,
  remote_id text,
  tries integer not null default 0,
  due_at timestamptz(3),
  last_outcome text,
  last_code text,
  last_detail text,
  -- The latest attempt; it is under way, or its end is not known, while it has no outcome.
  attempt_id uuid,
  unique (document_id, destination, identifier)
);
create index deliveries_due on deliveries (destination, (state <> 'recalling'), due_at) where due_at is not null;
create index deliveries_troubled on deliveries (changed_at, id) where state in ('failed', 'blocked');
create index deliveries_owed on deliveries (nhs_number) where state = 'owed' and nhs_number is not null;

create table attempts (
  id uuid primary key,
  delivery_id uuid not null references deliveries,
  at timestamptz(3) not null,
  action text not null,
  revision integer not null,
  -- The version of the document when it was started.
  version integer not null,
  outcome text not null default 'started',
  code text,
  detail text,
  took_ms integer
);
create index attempts_of_delivery on attempts (delivery_id, at);
create index attempts_open on attempts (id) where outcome = 'started';

-- ---------------------------------------------------------------- people and policy

-- What PKB last said of a person.
create table people (
  nhs_number text primary key,
  registered boolean not null,
  deceased boolean not null,
  birth_date text,
  as_of timestamptz(3) not null
);

-- A person's permission for one revision with one content.
create table releases (
  document_id uuid not null references documents,
  revision integer not null,
  sha256 text not null,
  actor text not null,
  role text not null,
  reason text not null,
  at timestamptz(3) not null,
  primary key (document_id, revision, sha256, actor)
);

-- A person's stop on deliveries to patients.
create table stops (
  id uuid primary key,
  scope text not null check (scope in ('all', 'directorate', 'service', 'code')),
  value text not null,
  actor text not null,
  reason text not null,
  at timestamptz(3) not null,
  lifted_at timestamptz(3)
);
create index stops_active on stops (id) where lifted_at is null;

create table policies (
  hash text primary key,
  files json not null,
  loaded_at timestamptz(3) not null
);

-- ---------------------------------------------------------------- the log

-- What happened, each entry chained to the one before by its hash. Details hold no patient data.
create table events (
  seq bigint primary key,
  at timestamptz(3) not null,
  document_id uuid,
  kind text not null,
  actor text not null,
  -- The exact text that was hashed.
  detail text not null,
  hash text not null
);
create index events_of_document on events (document_id, seq) where document_id is not null;

-- The end of the chain: one row, locked as the last step of each transaction that appends.
create table head (
  only_one boolean primary key default true check (only_one),
  seq bigint not null,
  hash text not null
);
insert into head (seq, hash) values (0, repeat('0', 64));

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the log of events is append-only' using errcode = 'restrict_violation';
end
$$;
create trigger events_append_only before update or delete or truncate on events
  for each statement execute function refuse_change();
create trigger head_stays before delete or truncate on head
  for each statement execute function refuse_change();

-- Appends entries in order. It has to be the last statement of its transaction: from here to the commit everybody
-- else who appends waits. `at` is ISO text with milliseconds; the hashed text is, line by line, the hash before,
-- seq, at, document id, kind, actor, detail.
create function append_events(entries json) returns void language plpgsql as $$
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
end
$$;
