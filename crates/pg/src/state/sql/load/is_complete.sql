-- Changes of the table $1 need not wait any more: it holds its rows and has its indexes and keys, or is set aside.
select exists (
    select from transhume.relation r
    where r.source_oid = $1
      and (r.state in ('suspended', 'adding', 'dropped')
           or r.state = 'loaded' and not exists (
               select from transhume.build b
               where b.source_oid = r.source_oid and b.done_at is null and not b.held_until_cutover
                 and b.kind in ('index', 'constraint', 'key'))))
