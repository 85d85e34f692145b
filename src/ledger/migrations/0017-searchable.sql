-- What a search looks at: of each document one narrow row, with the words of its title and with what else lists are narrowed by
-- as traits, such as 'code CLIN'. One index has both, so that of things that seldom come together, or never, PostgreSQL reads
-- only how they do, and not a million documents. It is written with the document, by flush.ts; see search.ts for what asks it.
create table searchable (
  document_id uuid not null,
  received_at timestamptz(3) not null,
  words tsvector not null,
  traits text[] collate "C" not null
);

-- Of "CLIN_Clinic-letter.pdf" each word is one, where it would be the name of a file; and what word processors make of an
-- apostrophe or a hyphen, the last ones here, is no letter.
create function words_of(title text) returns tsvector language sql immutable as $$
  select to_tsvector('simple'::regconfig, translate(left(coalesce(title, ''), 10000), U&'._-/\\@:+&\2018\2019\201C\201D\2013\2014\2026\00A0', '                 '))
$$;

-- A team is whatever the source wrote: in any case, and of any length.
create function traits_of(d documents) returns text[] language sql immutable as $$
  select array_remove(array['state ' || d.state, 'route ' || d.route, 'rule ' || d.rule, 'code ' || coalesce(d.code, '-'), 'team ' || upper(left(btrim(d.team), 100)), 'directorate ' || d.directorate, 'feed ' || d.feed,
    'stage ' || d.stage, 'would ' || coalesce(d.would_route, d.route), case when d.conflict then 'marked conflict' end, case when d.variance then 'marked variance' end], null)
$$;

insert into searchable
  select d.id, d.received_at, case when t.words::text ~ U&'[\2018\2019\201C\201D\2013\2014\2026\00A0]' then (select words_of(v.title) from revisions v where v.document_id = d.id and v.revision = d.revision) else coalesce(t.words, '') end, traits_of(d)
  from documents d left join titles t on t.document_id = d.id and t.revision = d.revision where d.revision > 0 order by d.received_at;

-- Every word that a title ever had: a beginning of words is asked for as the few that begin so.
create table title_words (word text collate "C" primary key);
insert into title_words select word from ts_stat('select words from searchable') order by word;

alter table searchable add primary key (document_id);
create index searchable_newest on searchable (received_at, document_id);
create index searchable_by on searchable using gin (words, traits);
alter table searchable alter column words set statistics 1000;
analyze searchable;

-- Two of these that never come together are found by their traits.
drop index documents_ways_together;

drop trigger revisions_words on revisions;
drop function keep_words();
drop table titles;
