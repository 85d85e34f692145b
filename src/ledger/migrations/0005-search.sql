-- What a search over a million documents needs. Each index gives the newest first, so a page is read and nothing is sorted.

-- A team is whatever the source wrote, of any length and in any case: an index takes no more than a page's third.
create index documents_team on documents (upper(left(btrim(team), 100)), received_at, id) where revision > 0;
create index documents_directorate on documents (directorate, received_at, id) where revision > 0;
create index documents_feed on documents (feed, received_at, id) where revision > 0;

-- State, route and rule say much the same, and so do team and directorate: who multiplies their shares as if they did not
-- expects documents where there are none, and reads all in search of them.
create statistics documents_ways (mcv) on state, route, rule from documents;
create statistics documents_codes (mcv) on code, rule from documents;
create statistics documents_places (mcv) on directorate, upper(left(btrim(team), 100)) from documents;

-- The words of each title, apart from its revision: that row fills a page of its own, and a search looks at thousands. Of
-- "CLIN_Clinic-letter.pdf" each word is one, where it would be the name of a file.
create table titles (
  received_at timestamptz(3) not null,
  document_id uuid not null,
  revision integer not null,
  words tsvector not null,
  primary key (document_id, revision)
);
insert into titles select received_at, document_id, revision, to_tsvector('simple', translate(left(title, 10000), '._-/\@:+&', '         ')) from revisions where title is not null;
create index titles_newest on titles (received_at, document_id);
create index titles_words on titles using gin (words);
alter table titles alter column words set statistics 1000;
drop index revisions_title;

create function keep_words() returns trigger language plpgsql as $$
begin
  insert into titles select received_at, document_id, revision, to_tsvector('simple', translate(left(title, 10000), '._-/\@:+&', '         ')) from made where title is not null;
  return null;
end
$$;
create trigger revisions_words after insert on revisions referencing new table as made for each statement execute function keep_words();
