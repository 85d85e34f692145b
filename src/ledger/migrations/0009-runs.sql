-- A person's wish sends a letter by post instead of to the record, as a deadline does.
alter table documents drop constraint documents_post_check;
alter table documents add constraint documents_post_check check (post in ('account-unknown', 'not-read', 'person'));

-- A plan over deliveries in trouble, frozen when it was made, and the run that comes of it.
create table runs (
  id uuid primary key,
  kind text not null check (kind in ('retry', 'decide-again', 'print')),
  -- The group that it was made from; none where deliveries were chosen.
  group_key text,
  destination text not null,
  cause text,
  signature text,
  state text not null check (state in ('planned', 'unconfirmed', 'running', 'paused', 'stopped', 'done', 'cancelled')),
  -- Why it is in that state, where the engine put it there: a closed set of words.
  why text,
  planned_by text not null,
  planned_by_id text not null,
  planned_at timestamptz(3) not null,
  -- The policy in force then.
  policy text,
  -- What a person says has changed since the destination refused: without it nothing refused is part of the run.
  changed text,
  -- More were in the group than a plan takes.
  cut boolean not null,
  reason text,
  started_by text,
  started_by_id text,
  started_at timestamptz(3),
  confirmed_by text,
  ended_at timestamptz(3),
  per_minute integer not null check (per_minute > 0),
  step integer not null default 0,
  -- Tried before a person had it go on after it had stopped.
  base integer not null default 0
);
create index runs_newest on runs (planned_at, id);
create index runs_under_way on runs (id) where state = 'running';

create table run_members (
  run_id uuid not null references runs,
  delivery_id uuid not null references deliveries,
  document_id uuid not null references documents,
  -- The order in which they are tried: by the time in RiO, oldest first.
  place integer not null,
  -- Members of one patient have the same number, counted anew in each run; without an NHS number, one below nought.
  patient integer not null,
  revision integer not null,
  -- None where nothing was in trouble any more.
  cause text,
  signature text,
  policy text not null,
  -- What it is tried for: that a copy goes.
  recall boolean,
  class text not null check (class in ('plain', 'unsure', 'refused', 'blocked', 'nothing')),
  state text not null check (state in ('left-out', 'waiting', 'under-way', 'arrived', 'printed', 'failed', 'blocked', 'superseded', 'not-done')),
  step integer,
  tried_at timestamptz(3),
  -- The delivery's last attempt when it was planned, and once it is tried the last one before that: what is later came of this run.
  attempt_before uuid,
  ended_at timestamptz(3),
  code text,
  primary key (run_id, delivery_id)
);
create index run_members_next on run_members (run_id, patient, place) where state in ('waiting', 'under-way');
create index run_members_of_delivery on run_members (delivery_id);
