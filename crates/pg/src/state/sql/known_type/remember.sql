insert into transhume.known_type (source_oid, facts)
select (facts ->> 'oid')::oid, facts
from pg_catalog.jsonb_array_elements($1::jsonb) as listed (facts)
on conflict (source_oid) do update set facts = excluded.facts
