-- One row for each of the entries $1 (dump ids), descriptions $2 and reasons $4 side by side, all with disposition $3, of archive $5;
-- $6: identities of what is missing since something is left out.
insert into transhume.archive_item (archive, dump_id, description, disposition, reason, identity)
select $5, i.dump_id, i.description, $3, i.reason, i.identity
from rows from (
    pg_catalog.unnest($1::pg_catalog.int4[]), pg_catalog.unnest($2::pg_catalog.text[]), pg_catalog.unnest($4::pg_catalog.text[]),
    pg_catalog.unnest($6::pg_catalog.text[])
) as i(dump_id, description, reason, identity)
on conflict (archive, dump_id) do update
    set disposition = excluded.disposition, reason = excluded.reason, identity = excluded.identity
