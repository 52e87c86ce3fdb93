-- One moment for all queries of the facts; names are printed alike whatever the version's reserved words are.
begin transaction isolation level repeatable read, read only;
set local quote_all_identifiers = on
