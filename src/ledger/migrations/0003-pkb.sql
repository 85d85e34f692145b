-- What PKB as it really is asks the ledger to remember: by which transport a copy stands, when it was sent, acknowledged
-- and read, until when it has to be read, what each attempt left behind, and how fast a destination may be used. Rows are
-- written whole, as sets of JSON, so what is not said is null.

alter table deliveries
  -- Every transport by which a copy stands or may stand.
  add column via text[],
  -- Name and date of birth of the patient, as PKB was told.
  add column sent_as json,
  add column sent_at timestamptz(3),
  -- The latest create or update whose end is not known, until somebody has looked after it settled.
  add column send_unsure_at timestamptz(3),
  -- The latest recall whose end is not known.
  add column recall_unsure_at timestamptz(3),
  add column acknowledged_at timestamptz(3),
  add column read_at timestamptz(3),
  add column read_by timestamptz(3),
  add column owed_since timestamptz(3),
  -- The content that owed_since and read_by are about.
  add column owed_sha256 text,
  -- Taken back, and nobody has seen it gone.
  add column unconfirmed boolean;
-- Until now there was one way to PKB.
update deliveries set via = '{fhir}', send_unsure_at = case when standing = 'unsure' then now() end where destination = 'pkb' and standing in ('present', 'unsure');
create index deliveries_read_by on deliveries (read_by) where read_by is not null and read_at is null;
create index deliveries_owed_since on deliveries (owed_since) where destination = 'pkb' and state = 'owed' and standing in ('nothing', 'recalled');
create index deliveries_unread on deliveries (id) where destination = 'pkb' and standing = 'present' and read_at is null and acknowledged_at is not null;
create index deliveries_identifier on deliveries (identifier);
create index deliveries_recalling on deliveries (changed_at, id) where state = 'recalling';

alter table attempts add column trace json;

-- A deadline passed for this content: it goes by post.
alter table documents
  add column post text check (post in ('account-unknown', 'not-read')),
  add column post_sha256 text;

-- One row for each exchange that may run at the same moment: when it may begin. Held by an advisory lock of its name.
create table pace (
  destination text not null,
  slot integer not null,
  next_at timestamptz(3) not null,
  primary key (destination, slot)
);

-- When PKB was last asked whether a copy was read.
create table read_questions (
  delivery_id uuid primary key,
  at timestamptz(3) not null
);

-- Letters that lie with the print house, by whose they are.
create index deliveries_printing on deliveries (nhs_number) where state = 'printing' and nhs_number is not null;

-- PKB was asked about a person and would not say.
create table account_refusals (
  nhs_number text primary key,
  code text not null,
  at timestamptz(3) not null,
  times integer not null
);

-- Who lifted a stop, and why. One that is in force is pulled once.
alter table stops
  add column lifted_by text,
  add column lifted_reason text;
create unique index stops_once on stops (scope, upper(btrim(value))) where lifted_at is null;

-- What was taken back too late, or without anybody having seen it gone; and in the log, what was to go and stayed.
create index deliveries_recalled_read on deliveries (changed_at, id) where read_at is not null and state in ('recalling', 'recalled', 'failed', 'blocked');
create index deliveries_unconfirmed on deliveries (changed_at, id) where unconfirmed and state = 'recalled';
create index events_to_take_back on events (document_id) where kind in ('recall-owed', 'left-standing') and document_id is not null;
