-- Letters that were taken back too late are one incident for each destination, not one for each letter: which letters it is
-- about, so that who closes it has answered for these and for no others. Ids of ours alone.
create table incident_members (
  incident_id uuid not null references incidents,
  -- A delivery.
  member uuid not null,
  primary key (member, incident_id)
);

-- The most that anybody was told of: ten times as many is told again.
alter table incidents add column told_count integer;
update incidents set told_count = count where resolved_at is null;
alter table notifications drop constraint notifications_says_check, add constraint notifications_says_check check (says in ('opened', 'again', 'reminder', 'grown', 'resolved'));

-- What people closed letter by letter stays closed. What was open ends without a word: the letters are told of together.
insert into incident_members (incident_id, member) select id, thing::uuid from incidents where kind = 'recalled-late' and resolved_at is not null;
update notifications n set withdrawn_at = i.seen_at from incidents i where i.id = n.incident_id and i.kind = 'recalled-late' and i.resolved_at is null and n.sent_at is null and n.withdrawn_at is null;
update incidents set resolved_at = seen_at where kind = 'recalled-late' and resolved_at is null;
