select exists (
           select from transhume.part p
           join transhume.relation r on r.source_oid = p.source_oid
           where p.done_at is null and r.state <> 'suspended')
    or exists (
           select from transhume.build b
           left join transhume.relation r on r.source_oid = b.source_oid
           where b.done_at is null and not b.held_until_cutover
             and r.state is distinct from 'suspended')
