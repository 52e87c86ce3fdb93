-- While the source is followed: a table is to be loaded, or something is to be built.
select exists (select from transhume.relation where state in ('planned', 'loading'))
    or exists (
        select from transhume.build b
        left join transhume.relation r on r.source_oid = b.source_oid
        where b.done_at is null and not b.held_until_cutover
          and coalesce(r.state not in ('suspended', 'dropped'), true))
