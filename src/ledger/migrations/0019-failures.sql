-- By which policy a document was decided, beside the document: a revision fills a page of its own, and whoever counts failures
-- at night would read twenty thousand of them. Of documents that are there already it stays in their revisions alone.
alter table documents add column policy text;
