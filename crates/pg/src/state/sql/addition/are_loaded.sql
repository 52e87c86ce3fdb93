-- All these tables hold their rows, and nothing that waits for them is to be built any more.
select not exists (select from transhume.relation where source_oid = any ($1::oid[]) and state <> 'loaded')
   and not exists (
       select from transhume.build
       where source_oid = any ($1::oid[]) and done_at is null and not held_until_cutover)
