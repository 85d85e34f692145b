-- What is wrong, from when it was seen until it was over, and whom that was told. And of each day, what became of each
-- team's documents, as it was told. Neither holds a patient: ids of ours, names from the policy, codes.

-- What a process finds wrong with itself: nobody else can see that a feed of it is down. It stands for as long as it is
-- repeated. Of the kind 'tells': a way by which some process can tell people.
create table reports (
  kind text not null,
  thing text not null,
  since timestamptz(3) not null,
  at timestamptz(3) not null,
  primary key (kind, thing)
);

-- When people started a channel again: its silence counts from there.
create index events_channel_started on events (seq) where kind = 'channel-started';

create table incidents (
  id uuid primary key,
  kind text not null,
  -- Which one of its kind: a feed, a destination, a group of failures, a delivery.
  thing text not null,
  about text not null,
  count integer,
  since timestamptz(3) not null,
  opened_at timestamptz(3) not null,
  seen_at timestamptz(3) not null,
  -- Not wrong any more since then, and not yet for long enough to be over.
  calm_since timestamptz(3),
  resolved_at timestamptz(3),
  -- How often it was wrong: once more each time that it comes back.
  times integer not null default 1,
  reminders integer not null default 0,
  taken_by text,
  taken_at timestamptz(3),
  taken_reason text
);
create unique index incidents_open on incidents (kind, thing) where resolved_at is null;
create index incidents_of_thing on incidents (kind, thing);
create index incidents_resolved on incidents (resolved_at) where resolved_at is not null;

create table notifications (
  id uuid primary key,
  incident_id uuid not null references incidents,
  way text not null,
  says text not null check (says in ('opened', 'again', 'reminder', 'resolved')),
  at timestamptz(3) not null,
  due_at timestamptz(3) not null,
  tries integer not null default 0,
  last_code text,
  sent_at timestamptz(3),
  -- Overtaken by one that says how it went on.
  withdrawn_at timestamptz(3)
);
create index notifications_due on notifications (due_at) where sent_at is null and withdrawn_at is null;
create index notifications_of_incident on notifications (incident_id);

-- A day in London whose outcome was worked out, and whether it was written.
create table outcome_days (
  day text primary key,
  made_at timestamptz(3) not null,
  written_at timestamptz(3)
);
-- What became of a document, as the team was told on a day. The latest line of a document is what the team knows.
create table outcome_lines (
  day text not null references outcome_days,
  document_id uuid not null references documents,
  team text not null,
  outcome text not null,
  because text not null,
  -- What the team was told before, where that changed.
  before text,
  code text,
  uploaded_by text,
  source_id text not null,
  first_received_at timestamptz(3) not null,
  primary key (day, document_id)
);
create index outcome_lines_of_team on outcome_lines (day, team, first_received_at);
-- What each document was like when it was last looked at for this.
create table outcomes_told (
  document_id uuid primary key references documents,
  version integer not null,
  state text not null,
  outcome text not null,
  team text not null
);
create table outcome_mails (
  day text not null references outcome_days,
  team text not null,
  due_at timestamptz(3) not null,
  tries integer not null default 0,
  last_code text,
  sent_at timestamptz(3),
  primary key (day, team)
);
create index outcome_mails_due on outcome_mails (due_at) where sent_at is null;
