-- What this server could create. A managed service may show more than it allows: there the setting
-- azure.extensions (or its like) is the list that counts, see the probe's settings.
select name::text as name, coalesce(default_version, '') as default_version
from pg_catalog.pg_available_extensions
order by name
