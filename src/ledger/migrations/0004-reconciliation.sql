-- What came in and what became of it, by when a document first came: counted from receipts and from documents, without
-- reading the rest of either.
create index receipts_first on receipts (received_at, document_id, feed) where revision = 1;
create index receipts_first_of_document on receipts (document_id, feed) where revision = 1;
create index documents_first on documents (first_received_at, id) where revision > 0;
