-- Tokens by which programs come in. Of each there is its hash alone: it was shown once, to the person who made it.
create table tokens (
  id uuid primary key,
  -- What the log calls the program by, so it is never given to another one.
  name text not null,
  sha256 text not null unique,
  rights text[] not null check (cardinality(rights) > 0 and not rights && array['release', 'people']),
  made_at timestamptz(3) not null,
  made_by text not null,
  expires_at timestamptz(3) not null check (expires_at > made_at),
  -- To the minute.
  last_used_at timestamptz(3),
  revoked_at timestamptz(3),
  revoked_by text
);
create unique index tokens_name on tokens (lower(name));

-- What people and programs did and saw is little among all that happened, and asked for by name: each actor of theirs ends
-- with the door by which they came.
create index events_by_visitors on events (seq, actor) where actor like '%)';
create index events_of_access on events (seq) where kind in ('looked', 'token-made', 'token-revoked');
