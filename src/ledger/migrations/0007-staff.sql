-- Who may sign in. Of passwords, cookies and codes only hashes are kept. Accounts stay for good, since the log names them.

create table staff (
  id uuid primary key,
  user_name text not null unique check (user_name = lower(user_name)),
  name text not null,
  roles text[] not null,
  origin text not null check (origin in ('local', 'oidc')),
  issuer text,
  subject text,
  -- A PHC string of argon2id; none until a code is used, and of those who come from an identity provider.
  password text,
  disabled_at timestamptz(3),
  made_at timestamptz(3) not null,
  seen_at timestamptz(3),
  check ((origin = 'oidc') = (issuer is not null and subject is not null)),
  check (origin = 'local' or password is null)
);
create unique index staff_provided on staff (issuer, subject) where origin = 'oidc';

create table sessions (
  id uuid primary key,
  staff_id uuid not null references staff (id),
  token_sha256 text not null unique,
  form_token text not null,
  how text not null,
  made_at timestamptz(3) not null,
  seen_at timestamptz(3) not null,
  until timestamptz(3) not null
);
create index sessions_of_staff on sessions (staff_id);

-- Browsers in which somebody has signed in: a count of their own, whatever strangers try.
create table browsers (
  token_sha256 text primary key,
  staff_id uuid not null references staff (id),
  until timestamptz(3) not null
);

-- Good once. Without an account it makes the first one.
create table sign_in_codes (
  sha256 text primary key,
  staff_id uuid references staff (id),
  until timestamptz(3) not null
);

-- How often somebody tried: the moment up to which a key has used up its tries.
create table sign_in_tries (
  key text primary key,
  used_until timestamptz(3) not null
);
create index sign_in_tries_old on sign_in_tries (used_until);
