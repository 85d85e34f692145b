-- What PKB as it really is asks the ledger to remember: by which transport a copy stands, when it was sent, acknowledged
-- and read, until when it has to be read, what each attempt left behind, and how fast a destination may be used. Rows are
-- written whole, as sets of JSON, so what is not said is null.

alter table deliveries
  -- Every transport by which a copy stands or may stand.
  add column via text[],
  add column sent_at timestamptz(3),
  add column acknowledged_at timestamptz(3),
  add column read_at timestamptz(3),
  add column read_by timestamptz(3),
  add column owed_since timestamptz(3),
  -- Taken back, and nobody has seen it gone.
  add column unconfirmed boolean;
create index deliveries_read_by on deliveries (read_by) where read_by is not null and read_at is null;
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

-- PKB was asked about a person and would not say.
create table account_refusals (
  nhs_number text primary key,
  code text not null,
  at timestamptz(3) not null,
  times integer not null
);
