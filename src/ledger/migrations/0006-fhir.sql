-- What FHIR asks: a document by what destinations know it by, the log by date, and what people did, which is little among
-- all that happened. The log is written in the order of its times, near enough: a few pages tell where each day lies.
create index documents_identifier on documents (identifier);
create index events_at on events using brin (at) with (pages_per_range = 32, autosummarize = on);
create index events_of_people on events (seq) where kind in ('held', 'hold-lifted', 'released', 'retried', 'redecided', 'stop', 'stop-lifted');
