-- What people have paused and stopped, by the name of the channel: one that is not here runs. Who started it again, and
-- why, stands in the log.
create table channel_halts (
  channel text primary key,
  state text not null check (state in ('paused', 'stopped')),
  actor text not null,
  reason text not null,
  at timestamptz(3) not null
);

-- What each process of the engine last said of each channel that it runs. A process that is gone says nothing any more.
create table channel_reports (
  process uuid not null,
  channel text not null,
  at timestamptz(3) not null,
  report json not null,
  primary key (process, channel)
);

-- When something last came by a feed, and how much since midnight; the same of what stands at a destination.
create index receipts_of_feed on receipts (feed, received_at);
create index deliveries_delivered on deliveries (destination, sent_at) where standing = 'present';
