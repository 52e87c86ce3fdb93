-- Whether a part, a piece of large objects or a build is open, and whether a part waits for a fresh snapshot.
select exists (
           select from transhume.part p
           join transhume.relation r on r.source_oid = p.source_oid
           where p.done_at is null and r.state not in ('suspended', 'dropped'))
    or exists (select from transhume.large_object_part where done_at is null)
    or exists (
           select from transhume.build b
           left join transhume.relation r on r.source_oid = b.source_oid
           where b.done_at is null and not b.held_until_cutover
             and coalesce(r.state not in ('suspended', 'dropped'), true)) as is_left,
       exists (
           select from transhume.relation r
           where r.snapshot_id is null and r.state not in ('suspended', 'dropped')
             and exists (select from transhume.part p where p.source_oid = r.source_oid and p.done_at is null))
           as needs_snapshot
