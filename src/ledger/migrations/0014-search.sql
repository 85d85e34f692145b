-- What a search over a million documents needs beside 0005. What lists are narrowed by stands in the document's own row: a
-- revision fills a page of its own, and reading a million of them takes seconds.
alter table documents add column stage text, add column would_route text, add column conflict boolean not null default false, add column variance boolean not null default false;
update documents d set stage = v.facts->>'directorate', would_route = v.decision->>'wouldRoute',
  conflict = coalesce(v.decision->>'conflict' = 'true', false), variance = coalesce(v.decision->>'variance' = 'true', false)
from revisions v where v.document_id = d.id and v.revision = d.revision;

-- Of the few that are asked for; where nearly all are live, or nothing is marked, the newest are read until there are enough.
create index documents_stage on documents (stage, received_at, id) where revision > 0 and stage <> 'live';
create index documents_would on documents (would_route, received_at, id) where would_route is not null;
create index documents_conflicts on documents (received_at, id) where conflict;
create index documents_variances on documents (received_at, id) where variance;

-- State, route and rule say much the same, so two of them that never come together are found to be none at once.
create index documents_ways_together on documents (state, route, rule, received_at, id) where revision > 0;
create statistics documents_stages (mcv) on stage, route, directorate from documents;

-- What FHIR asks of a resource. Its date is an instant with its offset, so that reading it needs no setting of the server.
create function reference_date(resource json) returns timestamptz language sql immutable parallel safe as $$ select (resource->>'date')::timestamptz $$;
create index revisions_reference_date on revisions (reference_date(resource), document_id);
create index revisions_not_current on revisions ((resource->>'status'), received_at, document_id) where resource->>'status' <> 'current';
create index revisions_type on revisions ((resource#>>'{type,coding,0,code}'), received_at, document_id);
