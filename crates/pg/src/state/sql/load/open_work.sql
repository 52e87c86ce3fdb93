-- Pieces that are open, whoever holds them: parts above and up to $1 bytes, pieces of large objects, and builds that are
-- claimed one by one, and those among them that make the statistics of a partition tree.
select (select pg_catalog.count(*) from transhume.part where done_at is null and bytes > $1),
       (select pg_catalog.count(*) from transhume.part where done_at is null and bytes <= $1),
       (select pg_catalog.count(*) from transhume.large_object_part where done_at is null),
       (select pg_catalog.count(*) from transhume.build
        where done_at is null and not together and not held_until_cutover),
       (select pg_catalog.count(*) from transhume.build
        where done_at is null and not held_until_cutover and kind = 'analyze partition tree')
