-- What the worklist of codes needs, so that it reads neither a revision nor a document that has a listed code. The instruction of
-- documents that are there already stays in their revisions alone: writing a million rows once more would take minutes.
alter table documents add column instruction text;

-- Documents without a code, by when they came.
create index documents_without_code on documents (received_at, id) where code is null and revision > 0;
