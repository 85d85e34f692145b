-- What waits for a person: why, and since when without a break. Worked out by the core whenever a document changes.
alter table documents
  add column waits_for text,
  add column waits_since timestamptz(3),
  -- The engine put the hold on, and no person has confirmed it.
  add column held_for text check (held_for in ('control-id-reused')),
  add check ((waits_for is null) = (waits_since is null));
-- Oldest first, of one reason or of all. Few documents wait, whatever their number.
create index documents_waits on documents (waits_since, id) where waits_for is not null;
create index documents_waits_for on documents (waits_for, waits_since, id) where waits_for is not null;

-- Who of the other organisation, or of the patient, agreed: of a letter that the trust did not produce.
alter table releases add column consent text;

-- PKB had given another date of birth by then, and the person knew. Who did not know released nothing of that kind, and may do so anew.
alter table releases
  add column birth_date_differs boolean not null default false,
  drop constraint releases_pkey,
  add primary key (document_id, revision, sha256, actor, birth_date_differs);
update releases r set birth_date_differs = true from revisions v
where v.document_id = r.document_id and v.revision = r.revision and v.facts->>'identity' = 'mismatch';

update documents d set held_for = 'control-id-reused'
where held and revision > 0 and (
  select e.actor = 'engine' and e.detail::json->>'reason' = 'control-id-reused' from events e
  where e.document_id = d.id and e.kind in ('held', 'hold-lifted') order by e.seq desc limit 1);

update documents d set waits_for = w.reason, waits_since = d.received_at
from (
  select v.document_id, v.revision, case
    when exists (select from deliveries y where y.document_id = v.document_id and y.state = 'blocked') then 'second-key'
    when exists (select from deliveries y where y.document_id = v.document_id and y.state = 'failed' and y.last_outcome = 'unsure') then 'unsure'
    when x.held_for is not null and f.hold = 'held' then 'control-id'
    when x.route <> 'review' then null
    when x.rule = 'moved-to-another-patient' then 'moved'
    when x.rule = 'parent-not-standing' then 'parent'
    when x.rule in ('account-unknown-too-long', 'not-read-in-time') then 'deadline'
    when f.instruction in ('missing', 'unrecognised') then case when t.instruction = f.instruction then 'late-message' else 'instruction' end
    when f.lifecycle = 'unknown' then case when t.lifecycle = f.lifecycle then 'late-message' else 'lifecycle' end
    when f.signals = 'restrictive' and f.release = 'none' then case when t.signals = f.signals then 'late-message' else 'conflict' end
    when f.producer = 'external' and f.release <> 'two' then case when t.producer = f.producer then 'late-message' else 'external' end
    when f.producer = 'unknown' and f.release <> 'two' then case when t.producer = f.producer then 'late-message' else 'producer' end
    when f.code in ('unlisted', 'missing') and f.release = 'none' then case when t.code = f.code then 'late-message' else 'code' end
    when f.identity = 'mismatch' and f.release = 'none' then 'birth-date'
    when f.identity in ('unverified', 'missing', 'invalid') and f.release = 'none' then 'identity'
    when f.content <> 'readable' then 'content'
    when f.service = 'unknown' or f.directorate = 'unknown' then 'place'
    when f.post in ('custodial', 'missing') or (f.post in ('restricted', 'format-need') and f.release = 'none') then 'address'
    else 'other' end as reason
  from documents x join revisions v on v.document_id = x.id and v.revision = x.revision,
    json_to_record(v.facts) as f(instruction text, lifecycle text, signals text, producer text, code text, identity text, content text, service text, directorate text, post text, hold text, release text),
    json_to_record(v.tightened) as t(instruction text, lifecycle text, signals text, producer text, code text)
  where x.route = 'review' or x.held_for is not null or x.state in ('blocked', 'failed', 'recalling')) w
where d.id = w.document_id and d.revision = w.revision and w.reason is not null;
