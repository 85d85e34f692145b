-- What a search over a million documents needs beside 0005. What lists are narrowed by, and what FHIR asks of a resource,
-- stands in the document's own row: a revision fills a page of its own, and reading a million of them takes minutes.
alter table documents
  add column stage text, add column would_route text, add column conflict boolean not null default false, add column variance boolean not null default false,
  add column reference_date timestamptz(3), add column reference_status text, add column reference_type text;

-- Each row that is there is written once more. All but the keys of its indexes are made anew afterwards: entered one by one
-- they would take most of the time.
do $$
declare
  made_by text[];
  one record;
  again text;
begin
  for one in select indexname as name, indexdef from pg_indexes i
    where i.schemaname = current_schema() and i.tablename = 'documents' and not exists (select from pg_constraint c where c.conname = i.indexname and c.conrelid = 'documents'::regclass) loop
    made_by := made_by || one.indexdef;
    execute format('drop index %I', one.name);
  end loop;
  update documents d set stage = f.directorate, would_route = c."wouldRoute", conflict = coalesce(c.conflict, false), variance = coalesce(c.variance, false),
    reference_date = r.date, reference_status = r.status, reference_type = r.type#>>'{coding,0,code}'
  from revisions v, json_to_record(v.facts) f(directorate text), json_to_record(v.decision) c("wouldRoute" text, conflict boolean, variance boolean), json_to_record(v.resource) r(date timestamptz, status text, type json)
  where v.document_id = d.id and v.revision = d.revision;
  foreach again in array coalesce(made_by, '{}') loop execute again; end loop;
end
$$;

-- Of the few that are asked for; where nearly all are live, or nothing is marked, the newest are read until there are enough.
create index documents_stage on documents (stage, received_at, id) where revision > 0 and stage <> 'live';
create index documents_would on documents (would_route, received_at, id) where would_route is not null;
create index documents_conflicts on documents (received_at, id) where conflict;
create index documents_variances on documents (received_at, id) where variance;

-- State, route and rule say much the same, so two of them that never come together are found to be none at once.
create index documents_ways_together on documents (state, route, rule, received_at, id) where revision > 0;
create statistics documents_stages (mcv) on stage, route, directorate from documents;

create index documents_reference_date on documents (reference_date, id) where revision > 0;
create index documents_not_current on documents (reference_status, received_at, id) where revision > 0 and reference_status <> 'current';
create index documents_reference_type on documents (reference_type, received_at, id) where revision > 0;
